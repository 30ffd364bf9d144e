"""Files that do harm to the process that imports them: they are left out, and the rest runs."""

import json
import textwrap

import pytest

from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accept import Streams
from tests.scenarios.load import accept
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

HARM = {
    "block": ("import threading\nthreading.Event().wait()\n", "takes longer than 1 s"),
    "hold": ('import re\nre.match(r"(a+)+$", "a" * 64 + "b")\n', "no sign of life"),
    "exit": ("import os\nos._exit(0)\n", "exit status 0"),
    "crash": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV"),
    "skip": ('import pytest\npytest.skip("no", allow_module_level=True)\n', "Skipped"),
    "interrupt": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
}
PLUGIN = """
    from comethooks import Plugin

    plugin = Plugin("other")

    @plugin.on("message.sent")
    def note(event, ctx):
        with open({ledger!r}, "a") as file:
            file.write(event.id + "\\n")
"""


def handled(stack: Stack, number: int) -> str:
    """Have an event accepted, and wait until the recorder has it."""
    event = accept(Streams.open(Settings.load(stack.environment)), 1, number)
    wait_for(lambda: event in stack.effects().ids, "the recorder has it", seconds=45)
    return event


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.environment["COMETHOOKS_IMPORT_TIMEOUT"] = "1s"
    return stack


@pytest.mark.attack
@pytest.mark.parametrize("harm", HARM)
def test_a_file_that_harms_its_process_is_left_out_and_named_and_the_rest_runs(
    stack: Stack, harm: str
) -> None:
    """Whether it blocks, ends the process or crashes it; commands survive it as well."""
    source, reason = HARM[harm]
    stack.plugin("harmful", source)
    stack.start("worker", "--workers", "2")
    handled(stack, 1)
    left_out = [
        json.loads(line) for line in stack.log().splitlines() if '"plugin left out"' in line
    ]
    assert {(line["plugin"], line["where"].split("/")[-1].split(":")[0]) for line in left_out} == {
        ("harmful", "harmful.py")
    }
    assert reason in left_out[0]["reason"]
    if harm != "interrupt":  # to a command that is a Ctrl-C
        done = stack.run("plugins", "check", check=False)
        assert done.returncode == 1
        assert "quarantined: harmful" in done.stdout


@pytest.mark.attack
def test_the_last_good_version_goes_on_and_a_mended_file_is_loaded(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of a file that blocks after a change, which costs its plugin nothing."""
    ledger = tmp_path_factory.mktemp("ledger") / "ledger"
    good = PLUGIN.format(ledger=str(ledger))

    def notes() -> list[str]:
        return ledger.read_text().split() if ledger.exists() else []

    stack.plugin("other", good)
    first = stack.start("worker", "--workers", "1")
    events = [handled(stack, 1)]
    wait_for(lambda: notes() == events, "the plugin runs")
    first.terminate()
    first.wait(30)
    stack.plugin("other", good + textwrap.indent(HARM["block"][0], "    "))
    second = stack.start("worker", "--workers", "1")
    events.append(handled(stack, 2))
    wait_for(lambda: notes() == events, "its last good version runs")
    assert "goes on with its last good version" in stack.log()
    assert "takes longer than 1 s" in stack.log()
    second.terminate()
    second.wait(30)
    stack.plugin("other", good + "    # mended\n")
    stack.start("worker", "--workers", "1")
    events.append(handled(stack, 3))
    wait_for(lambda: notes() == events, "the mended one runs")
