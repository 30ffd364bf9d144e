"""A plugin that is missing for a while: what is its own waits for it, and runs when it is back."""

from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accept import Streams
from tests.scenarios.load import accept
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

PLUGIN = """
    from comethooks import Plugin, Retry

    plugin = Plugin("other")

    @plugin.on("message.sent", retry=Retry(attempts=3, base=0.5, jitter=False), ordered={ordered})
    def note(event, ctx):
        if ctx.attempt == 1 and event.message.text == "fails":
            raise ValueError("not yet")
        with open({ledger!r}, "a") as file:
            file.write(event.id + "\\n")
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def notes(ledger: Path) -> list[str]:
    """The events that the plugin has handled."""
    return ledger.read_text().split() if ledger.exists() else []


def restarted(stack: Stack) -> None:
    """Another worker, in place of the one before."""
    for process in stack.processes:
        process.terminate()
        process.wait(30)
    stack.start("worker", "--workers", "1")


@pytest.mark.attack
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_comes_while_a_plugin_is_missing_waits_for_it(
    stack: Stack, ledger: Path, ordered: bool
) -> None:
    """New events and retries, in order where that is asked for. That is told, and nothing is a dead
    letter or without a handler.
    """
    source = PLUGIN.format(ledger=str(ledger), ordered=ordered)
    stack.plugin("other", source)
    streams = Streams.open(Settings.load(stack.environment))
    stack.start("worker", "--workers", "1")
    first = accept(streams, 1, 1, data={"text": "hello"})
    wait_for(lambda: notes(ledger) == [first], "the plugin runs")
    failing = source.replace("base=0.5", "base=8")
    stack.plugin("other", failing)
    restarted(stack)
    events = [accept(streams, 1, 2, data={"text": "fails"})]
    wait_for(
        lambda: [run["state"] for run in stack.listing("runs", "list", "--state", "retrying")],
        "its run waits for its retry",
    )
    (stack.plugin_dir / "other.py").unlink()
    restarted(stack)
    events += [accept(streams, 1, number, data={"text": "hello"}) for number in (3, 4)]
    wait_for(lambda: set(events) <= stack.effects().ids, "others have handled them")

    def states() -> set[tuple[str, str]]:
        found = stack.listing("runs", "list", "--handler", "other.note", "--limit", "10")
        return {(run["event_id"], run["state"]) for run in found if run["state"] != "done"}

    later = "waiting" if ordered else "retrying"
    expected = {(events[0], "retrying"), (events[1], later), (events[2], later)}
    wait_for(lambda: states() == expected, "they wait")
    wait_for(
        lambda: (
            "its plugin was left out; before: ValueError: not yet"
            in {run["error"] for run in stack.listing("runs", "list")}
        ),
        "the listing says why",
    )
    stack.web()
    with stack.client() as client:
        wait_for(
            lambda: "runs wait whose plugin was left out" in client.get("/readyz").text,
            "it is degraded",
        )
        assert 'comethooks_runs_left_out{handler="other.note"}' in client.get("/metrics").text
    assert notes(ledger) == [first]
    stack.plugin("other", source)
    restarted(stack)
    wait_for(lambda: sorted(notes(ledger)) == sorted([first, *events]), "they run", seconds=60)
    if ordered:
        assert notes(ledger) == [first, *events]
    assert stack.listing("runs", "list", "--state", "dead") == []
    assert stack.listing("events", "list", "--status", "unhandled") == []


@pytest.mark.attack
def test_a_run_waits_for_a_missing_plugin_only_so_long(stack: Stack, ledger: Path) -> None:
    """Then it is a dead letter, and what comes later is not its plugin's any more."""
    stack.environment["COMETHOOKS_MISSING_PLUGIN_WAIT"] = "12s"
    stack.plugin("other", PLUGIN.format(ledger=str(ledger), ordered=False))
    streams = Streams.open(Settings.load(stack.environment))
    stack.start("worker", "--workers", "1")
    first = accept(streams, 1, 1, data={"text": "hello"})
    wait_for(lambda: notes(ledger) == [first], "the plugin runs")
    (stack.plugin_dir / "other.py").unlink()
    restarted(stack)
    accept(streams, 1, 2, data={"text": "hello"})
    wait_for(
        lambda: any(
            "no plugin that is loaded here has this handler" in (run["error"] or "")
            for run in stack.listing("runs", "list", "--state", "dead")
        ),
        "it is dead",
        seconds=45,
    )
