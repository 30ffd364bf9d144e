"""`comethooks up` follows the plugin folder; what is in progress meanwhile ends as it would
have.
"""

import json
import shutil
import signal
import textwrap
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from comethooks.workers.processes import is_alive
from tests.scenarios.stack import RECORDER, children, command_of, message
from tests.scenarios.test_up import Up
from tests.waiting import wait_for
from tests.webhooks.samples import in_flight, raw

SLOW = """
    import time
    from pathlib import Path
    from comethooks import Plugin

    plugin = Plugin("slow")

    def write(line):
        with open("LEDGER", "a") as file:
            file.write(line + "\\n")

    @plugin.on("message.sent")
    def handle(event, ctx):
        write(f"{event.id} begun by WHO")
        while not Path("GATE").exists():
            time.sleep(0.02)
        write(f"{event.id} done by WHO")
"""


class Slow:
    """A plugin whose handler waits at a gate, and writes down who it is before and after."""

    def __init__(self, directory: Path, up: Up) -> None:
        self.ledger, self.gate = directory / "ledger", directory / "gate"
        self.up = up

    def write(self, who: str) -> None:
        source = (
            SLOW.replace("LEDGER", str(self.ledger))
            .replace("GATE", str(self.gate))
            .replace("WHO", who)
        )
        (self.up.stack.plugin_dir / "slow.py").write_text(textwrap.dedent(source))

    def lines(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path)
    made.stack.environment["COMETHOOKS_WORKERS"] = "2"
    yield made
    made.stack.close()


def post(up: Up, conversation: int, number: int) -> str:
    """Post a message; the event's id."""
    identifier: str = up.post(json.dumps(message(conversation, number)).encode()).json()["id"]
    return identifier


def done(up: Up) -> set[str]:
    """The newest events whose handlers have all run."""
    return {each["id"] for each in up.stack.listing("events", "list", "--status", "done")}


def reloads(up: Up) -> list[str]:
    """Which files each line of the log names."""
    found = []
    for line in up.stack.log().splitlines():
        if line.startswith("{") and '"plugins changed' in line:
            found.append(json.loads(line)["changed"])
    return found


def test_a_changed_file_is_loaded_and_nothing_in_progress_is_lost_or_repeated(
    up: Up, tmp_path: Path
) -> None:
    """The handler that runs ends as the old one, once; what comes after it in its conversation has
    the new one.
    """
    slow = Slow(tmp_path, up)
    slow.write("A")
    up.start()
    worker = up.part("worker")
    workers = set(children(worker))
    first = post(up, 1, 1)
    wait_for(lambda: slow.lines() == [f"{first} begun by A"], "the old one has begun")
    second = post(up, 1, 2)
    horses = {horse for pid in workers for horse in children(pid)}
    slow.write("B")
    wait_for(lambda: reloads(up) == ["slow.py"], "the change is noticed")
    wait_for(lambda: sum(map(is_alive, horses)) == 1, "the other drainer has ended")
    slow.gate.touch()
    wait_for(lambda: len(slow.lines()) == 4, "both are done")
    assert slow.lines() == [
        f"{first} begun by A",
        f"{first} done by A",
        f"{second} begun by B",
        f"{second} done by B",
    ]
    wait_for(
        lambda: len(up.stack.listing("events", "list", "--status", "done")) == 2,
        "both are in the journal",
    )
    assert up.part("worker") == worker
    assert set(children(worker)) == workers
    assert all(is_alive(pid) for pid in workers), [command_of(pid) for pid in workers]
    assert "process died" not in up.stack.log()


def test_a_new_plugin_is_followed_and_one_that_breaks_goes_on_until_it_is_mended(
    up: Up, tmp_path: Path
) -> None:
    """In its last good version: no event comes that nobody handles."""
    slow = Slow(tmp_path, up)
    slow.gate.touch()
    up.start()
    slow.write("A")
    wait_for(lambda: reloads(up) == ["slow.py"], "the new file is noticed")

    def handled_by(who: str, numbers: Iterator[int]) -> bool:
        identifier = post(up, 2, next(numbers))
        wait_for(lambda: identifier in done(up), "all handlers have had it")
        return f"{identifier} done by {who}" in slow.lines()

    numbers = iter(range(1, 1000))
    wait_for(lambda: handled_by("A", numbers), "the new plugin runs")
    (up.stack.plugin_dir / "slow.py").write_text("this is no Python\n")
    wait_for(lambda: len(reloads(up)) == 2, "that it is broken is noticed")
    wait_for(lambda: '"plugin goes on with its last good' in up.stack.log(), "the old one goes on")
    assert handled_by("A", numbers)
    assert '"plugin left out"' not in up.stack.log()
    slow.write("C")
    wait_for(lambda: len(reloads(up)) == 3, "that it is mended is noticed")
    wait_for(lambda: handled_by("C", numbers), "the mended plugin runs")


DECIDER = """
    from comethooks import Decision, Plugin

    plugin = Plugin("guard")

    @plugin.decide("before_message")
    def judge(event, ctx):
        return Decision.annotate({{"version": {version}}})
"""


def test_the_web_process_decides_by_what_changed(up: Up) -> None:
    """After the workers have loaded it."""
    up.stack.plugin("guard", DECIDER.format(version=1))
    up.start()

    def version(number: int) -> int:
        body = in_flight(muid=f"m-{number}")
        found: int = up.post(raw(body)).json()["version"]
        return found

    assert version(1) == 1
    up.stack.plugin("guard", DECIDER.format(version=2))
    numbers = count(2)
    wait_for(lambda: version(next(numbers)) == 2, "it decides otherwise")


@pytest.mark.attack
def test_a_change_that_crashes_who_imports_it_ends_no_web_process(up: Up) -> None:
    """A worker has died of it before."""
    up.stack.plugin("guard", DECIDER.format(version=1))
    up.start()
    assert up.post(raw(in_flight())).json() == {"version": 1}
    before = set(children(up.part("web")))
    up.stack.plugin("guard", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    wait_for(lambda: not before & set(children(up.part("web"))), "others serve", seconds=90)
    assert up.post(raw(in_flight(muid="m-2"))).json() == {"version": 1}
    assert "web process died" not in up.stack.log()
    assert '"work-horse died importing a plugin"' in up.stack.log()


def plugin_lines(up: Up, event: str) -> list[dict[str, str]]:
    """What `up` has said of plugins."""
    lines = [json.loads(line) for line in up.stack.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def test_it_says_which_plugins_are_in_and_why_others_are_not(up: Up) -> None:
    """At the start and after each reload, by `up` alone however many workers there are."""
    up.stack.plugin("broken", "import nothing_of_that_name\n")
    up.stack.plugin(
        "slip", RECORDER.replace('"recorder"', '"slip"').replace('"*"', '"mesage_sent"')
    )
    up.stack.environment["COMETHOOKS_SLIP_FILE"] = up.stack.environment["COMETHOOKS_RECORDER_FILE"]
    up.start()
    [loaded] = plugin_lines(up, "plugins loaded")
    assert [each.split()[0] for each in loaded["plugins"].split(", ")] == [
        "interactions",
        "moderator",
        "recorder",
        "slip",
    ]
    [left_out] = plugin_lines(up, "plugin left out")
    assert left_out["where"] == f"{up.stack.plugin_dir / 'broken.py'}:1"
    assert left_out["reason"] == "ModuleNotFoundError: No module named 'nothing_of_that_name'"
    [warning] = plugin_lines(up, "a plugin may not do what is meant")
    assert 'did you mean "message_sent"' in warning["reason"]
    (up.stack.plugin_dir / "slip.py").unlink()
    wait_for(lambda: len(plugin_lines(up, "plugins loaded")) == 2, "it says what is in now")
    assert "slip" not in plugin_lines(up, "plugins loaded")[1]["plugins"]


def test_a_signal_loads_installed_plugins_anew(up: Up, tmp_path: Path) -> None:
    """In the version that was installed meanwhile; `up` says so, and what it has then."""

    def install(version: str) -> None:
        for old in tmp_path.glob("site/*.dist-info"):
            shutil.rmtree(old)
        information = tmp_path / "site" / f"night-{version}.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Name: night\nVersion: {version}\n")
        (information / "entry_points.txt").write_text(
            "[comethooks.plugins]\nnight = night_plugin:plugin\n"
        )
        code = RECORDER.replace('"recorder"', '"night"').replace(
            "{event.id} ", "{event.id}-by-" + version.replace(".", "-") + " "
        )
        (tmp_path / "site" / "night_plugin.py").write_text(textwrap.dedent(code))

    install("1.0")
    up.stack.environment["PYTHONPATH"] = str(tmp_path / "site")
    up.stack.environment["COMETHOOKS_NIGHT_FILE"] = up.stack.environment["COMETHOOKS_RECORDER_FILE"]
    process = up.start()
    first = post(up, 1, 1)
    wait_for(lambda: f"{first}-by-1-0" in up.stack.effects().ids, "the first version has it")
    install("2.0.1")
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: len(plugin_lines(up, "plugins loaded")) == 2, "it says what is in now")
    [told] = plugin_lines(up, "loading the plugins again, also those that are installed")
    assert told["asked"] == "SIGUSR1"
    assert "night 2.0.1" in plugin_lines(up, "plugins loaded")[1]["plugins"]
    wait_for(
        lambda: (
            {
                each["name"]: [held["version"] for held in each["workers"]]
                for each in up.stack.listing("plugins", "list")
            }.get("night")
            == ["2.0.1"]
        ),
        "every worker has it",
    )
    second = post(up, 1, 2)
    wait_for(lambda: f"{second}-by-2-0-1" in up.stack.effects().ids, "the second version has it")
    assert "process died" not in up.stack.log()
