"""`comethooks up`: from nothing to a processed event, back from every death, and a clean end."""

import contextlib
import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from comethooks.workers.processes import is_alive
from tests.bodies import NAMES, dump, raw
from tests.command_processes import Process
from tests.scenarios.stack import (
    RECORDER,
    Stack,
    children,
    descendants,
    free_port,
    message,
    name_of,
)
from tests.schemas.test_conformance import documented
from tests.waiting import wait_for

README = Path(__file__).parents[2] / "README.md"
READY = "comethooks is ready"
MOST_WAKES = 80
"""How often all of its processes together may wake in a second with nothing to do. It is 45 to 65.
A loop of 20 ms in any one of them is 50 more.
"""
VOLUNTARY = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)", re.MULTILINE)
LEGACY = [name for name in NAMES if name.startswith("legacy_")]


class Up:
    """A running `comethooks up` with an embedded server, SQLite and credentials of its own
    making.
    """

    def __init__(self, directory: Path) -> None:
        self.stack = Stack(directory, "", settings={"COMETHOOKS_BASIC_AUTH": ""})
        self.stack.plugin("recorder", RECORDER)
        self.data_dir = directory / "data"

    def start(self) -> Process:
        """Start it, and return once it has said that it is ready."""
        said = self.stack.log().count(READY)
        self.process = self.stack.start("up")
        wait_for(
            lambda: self.stack.log().count(READY) > said or self.process.poll() is not None,
            "it is ready",
        )
        assert self.process.poll() is None, self.stack.log()
        return self.process

    @property
    def credential(self) -> tuple[str, str]:
        """What it made for CometChat to send."""
        user, _, password = (self.data_dir / "credentials").read_text().strip().partition(":")
        return user, password

    def post(self, content: bytes) -> httpx.Response:
        """Post one body with those credentials."""
        headers = {"Content-Type": "Application/json"}
        return httpx.post(
            f"{self.stack.url}/webhooks",
            content=content,
            headers=headers,
            auth=self.credential,
            timeout=5,
        )

    def part(self, name: str) -> int:
        """The process of a part: `web`, `worker` or `valkey`."""
        found = [pid for pid in children(self.process.pid) if name_of(pid).startswith(name)]
        return found[0] if found else 0


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path)
    yield made
    made.stack.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One that is up, for tests that leave it so."""
    made = Up(tmp_path_factory.mktemp("up"))
    made.start()
    yield made
    made.stack.close()


def done(up: Up) -> dict[str, Any]:
    """The events that are done, by id."""
    return {event["id"]: event for event in up.stack.listing("events", "list", "--status", "done")}


def test_the_legacy_bodies_come_out_as_processed_events(running: Up) -> None:
    """The five legacy triggers, posted as CometChat posts them, and one sent by our own command."""
    answers = [running.post(raw(name)) for name in LEGACY]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert {answer.status_code for answer in answers} == {200}
    sent = running.stack.run("send", "after_message", "--json")
    ids.add(json.loads(sent.stdout)["answer"]["id"])
    assert len(ids) == len(LEGACY) + 1
    wait_for(lambda: ids <= done(running).keys(), "all are processed")
    for identifier in ids:
        assert done(running)[identifier]["runs"] == [
            {
                "handler": "recorder.record",
                "state": "done",
                "attempts": 1,
                "error": None,
                "replay": None,
                "dry_run": False,
            }
        ]
    shown = json.loads(running.stack.ask("events", "show", min(ids), "--json"))
    assert shown["payload"]["trigger"] == shown["trigger"]


@pytest.mark.skipif(not documented(), reason="the documented bodies are not at hand")
def test_all_documented_bodies_come_out_as_processed_events(running: Up) -> None:
    """With their placeholders replaced by values of the documented kind."""
    answers = [running.post(dump(body)) for body in documented().values()]
    assert {answer.status_code for answer in answers} == {200}
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == len(documented())
    wait_for(lambda: ids <= done(running).keys(), "all are processed")


def test_it_prints_what_to_enter_and_what_to_try(running: Up) -> None:
    """URL, credentials of letters and digits, and a line that sends an event; a password on a
    terminal only.
    """
    user, password = running.credential
    printed = running.stack.log()
    assert re.fullmatch(r"[A-Za-z0-9]{16,100}", password)
    assert stat.S_IMODE(os.stat(running.data_dir / "credentials").st_mode) == 0o600
    for expected in (
        f"{running.stack.url}/webhooks",
        user,
        str(running.data_dir / "credentials"),
        "send after_message",
        "Events are kept for 30 days; COMETHOOKS_RETENTION_DAYS",
    ):
        assert expected in printed
    assert password not in printed


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts them")
def test_it_hardly_wakes_while_there_is_nothing_to_do(running: Up) -> None:
    """In one second, of all its processes but the server, once everything is done."""

    def is_calm() -> bool:
        before = wakes(running)
        time.sleep(1)
        return wakes(running) - before <= MOST_WAKES

    wait_for(is_calm, "nobody wakes for nothing")


def wakes(up: Up) -> int:
    """How often the threads of all processes, but the server's, have slept and gone on."""
    parts = [pid for pid in descendants(up.process.pid) if not name_of(pid).startswith("valkey")]
    total = 0
    for pid in (up.process.pid, *parts):
        for thread in Path(f"/proc/{pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):
                total += int(VOLUNTARY.findall(thread.read_text())[0])
    return total


def test_a_second_one_on_the_same_data_says_who_has_it(running: Up) -> None:
    """Two servers on one append-only file would destroy it."""
    second = running.stack.run("up", check=False)
    assert second.returncode == 1
    assert f"pid {running.process.pid}" in second.stderr


def test_a_port_that_is_taken_is_named_with_the_way_out(running: Up, tmp_path: Path) -> None:
    """Before anything is started."""
    other = Stack(tmp_path, "", settings={"PORT": str(running.stack.port)})
    failed = other.run("up", check=False)
    assert failed.returncode == 1
    assert f"0.0.0.0:{running.stack.port} cannot be used" in failed.stderr
    assert "COMETHOOKS_BIND=" in failed.stderr


def test_on_a_terminal_it_prints_the_password_that_it_made(up: Up) -> None:
    """So that it can be pasted into the Dashboard."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", "up"],
        env=up.stack.environment,
        cwd=up.stack.directory,
        stdin=subprocess.DEVNULL,
        stderr=theirs,
    )
    up.stack.processes.append(process)
    os.close(theirs)
    printed = b""
    while b"Ctrl-C stops everything" not in printed:
        printed += os.read(ours, 4096)
    assert up.credential[1].encode() in printed
    process.terminate()
    with contextlib.suppress(
        OSError
    ):  # what it still prints must be read, or it waits; the end is an error
        while os.read(ours, 4096):
            pass
    assert process.wait(60) == 0
    os.close(ours)


def test_the_plugin_of_the_readme_runs(up: Up) -> None:
    """Saved where it says while everything runs, it makes the next event done."""
    (source,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert "Plugin(" in source
    del up.stack.environment["COMETHOOKS_PLUGIN_DIR"]
    up.start()
    (up.data_dir / "plugins" / "hello.py").write_text(source)
    wait_for(lambda: "loading them again" in up.stack.log(), "the plugin was seen")

    def processed() -> list[dict[str, Any]]:
        """What is done, when one more was sent: the first may come while the old plugins are let
        go.
        """
        up.stack.run("send", "after_message")
        return up.stack.listing("events", "list", "--status", "done")

    wait_for(processed, "one is processed")
    event = processed()[0]
    assert [run["handler"] for run in event["runs"]] == ["hello.hello"]
    assert '"event":"hello"' in up.stack.log()


def test_ctrl_c_ends_everything_and_nothing_is_lost(up: Up) -> None:
    """Exit code 0, no process left, and the events are there at the next start."""
    process = up.start()
    identifier = up.post(raw("legacy_after_message")).json()["id"]
    below = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not [pid for pid in below if is_alive(pid)]
    credential = up.credential
    up.start()
    assert up.credential == credential
    wait_for(
        lambda: (
            [event["id"] for event in up.stack.listing("events", "list", "--status", "done")]
            == [identifier]
        ),
        "the event is there, processed",
    )
    assert up.post(raw("legacy_after_message")).json() == {"id": identifier, "duplicate": True}


def test_a_part_that_is_killed_is_back_within_seconds(up: Up) -> None:
    """Each of them; and an event sent then is processed."""
    up.start()
    conversations = count(1)

    def accepted() -> str | None:
        with contextlib.suppress(httpx.HTTPError):
            answer = up.post(json.dumps(message(next(conversations), 1)).encode())
            return answer.json()["id"] if answer.status_code == 200 else None
        return None

    for part in ("web", "worker", "valkey"):
        victim = up.part(part)
        assert victim
        os.kill(victim, signal.SIGKILL)
        seconds = wait_for(
            lambda part=part, victim=victim: (
                up.part(part) not in (0, victim) and is_alive(up.part(part))
            ),
            f"{part} is back",
        )
        assert seconds < 4, part  # two on an idle machine; beside this test others are at work
        ids: list[str | None] = []
        wait_for(lambda ids=ids: ids.append(accepted()) or ids[-1], "an event is accepted again")
        wait_for(lambda ids=ids: ids[-1] in up.stack.effects().ids, "it is processed")


def test_without_credentials_the_web_process_says_what_to_set(tmp_path: Path) -> None:
    """It would otherwise accept from anybody."""
    stack = Stack(tmp_path, "", settings={"COMETHOOKS_BASIC_AUTH": "", "PORT": str(free_port())})
    failed = stack.run("web", check=False)
    assert failed.returncode == 1
    assert "COMETHOOKS_BASIC_AUTH=user:password" in failed.stderr


def test_a_new_journal_can_take_over_what_is_in_the_embedded_server(up: Up) -> None:
    """`up` refuses to start with it and says how, and that can be done though nothing runs."""
    up.start()
    up.process.terminate()
    up.process.wait()
    for file in up.data_dir.glob("comethooks.db*"):
        file.unlink()
    refused = up.stack.run("up", check=False)
    assert refused.returncode == 1
    assert "comethooks db adopt --yes" in refused.stderr
    adopted = up.stack.run("db", "adopt", "--yes")
    assert adopted.stderr.strip() == "What is in Redis is for this journal now."
    up.start()
    assert up.post(raw(LEGACY[0])).status_code == 200
