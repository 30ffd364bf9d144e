"""A harness runs on the engine of a service, and tells of a run what a service would keep."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from comethooks import Context, Event, Plugin, Retry, RetryLater
from comethooks.testing import Harness

MOST_MS = 50.0


@pytest.fixture
def plugin() -> Plugin:
    """Takes messages."""
    plugin = Plugin("taking")

    @plugin.on("message_sent")
    def take(event: Event, ctx: Context) -> None:
        with ctx.once(event.id):
            pass

    return plugin


def test_an_error_is_as_long_as_the_journal_keeps_it(harness: Harness) -> None:
    """And without what no database takes."""
    plugin = Plugin("failing")

    @plugin.on("message_sent")
    def fail(event: Event, ctx: Context) -> None:
        raise ValueError("\x00" + "x" * 2000)

    error = harness.deliver(plugin, "message_sent").run.error or ""
    assert (len(error), error[:13], error[-1]) == (500, "ValueError: \ufffd", "…")


def test_of_many_attempts_the_last_ones_are_known(harness: Harness) -> None:
    """Twenty, as in a service."""
    plugin = Plugin("failing")

    @plugin.on("message_sent", retry=Retry(attempts=25))
    def fail(event: Event, ctx: Context) -> None:
        ctx.http.get(f"https://example.com/{ctx.attempt}").raise_for_status()
        raise OSError("away")

    run = harness.deliver(plugin, "message_sent").run
    told = [line.split("/")[3].split(" ")[0] for line in run.effects]
    assert (run.attempts, told) == (25, [str(number) for number in range(6, 26)])


def test_an_attempt_is_not_repeated_at_once(harness: Harness) -> None:
    """Not even when it asks for that: `retries=False` is one attempt."""
    plugin = Plugin("hasty")

    @plugin.on("message_sent")
    def fail(event: Event, ctx: Context) -> None:
        raise RetryLater(0)

    run = harness.deliver(plugin, "message_sent", retries=False).run
    assert (run.state, run.attempts) == ("retrying", 1)


def test_handlers_of_an_event_come_before_those_of_what_they_emit(
    harness: Harness, tmp_path: Path
) -> None:
    """Live and in a replay, whatever ids chance has given."""
    plugin, order = Plugin("chain"), []

    @plugin.on("message_sent", replay="safe")
    def a(event: Event, ctx: Context) -> None:
        order.append("a")
        ctx.emit("made", {"by": "a"})

    @plugin.on("message_sent", replay="safe")
    def b(event: Event, ctx: Context) -> None:
        order.append("b")

    @plugin.on("chain.made", replay="safe")
    def c(event: Event, ctx: Context) -> None:
        order.append("c")

    for _ in range(5):
        event = harness.deliver(plugin, "message_sent", dry_run=True).event
        file = tmp_path / "events.jsonl"
        file.write_text(
            f'{{"id": "{event.id}", "received_at": "{event.received_at.isoformat()}",'
            f' "trigger": "message_sent", "source": "{event.source}",'
            f' "body": {json.dumps(event.raw.decode())}}}'
        )
        harness.deliver(plugin, "message_sent")
        harness.replay(file)
    assert order == ["a", "b", "a", "b", "c", "a", "b", "c"] * 5


def test_what_was_told_can_be_read_after_the_end(
    plugin: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is gone by then, and leaves nothing behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Harness() as harness:
        result = harness.deliver(plugin, "message_sent")
        [folder] = tmp_path.iterdir()
    assert (result.run.state, result.status, len(result.effects)) == ("done", "done", 1)
    assert not folder.exists()


def test_a_delivery_takes_a_moment(plugin: Plugin) -> None:
    """In time of the processor: a test may have hundreds, each in a harness of its own."""
    with Harness() as harness:
        harness.deliver(plugin, "message_sent")
    began = time.process_time()
    for _ in range(5):
        with Harness() as harness:
            for _ in range(4):
                harness.deliver(plugin, "message_sent")
    assert (time.process_time() - began) * 1000 / 20 < MOST_MS


def test_what_a_harness_does_not_need_is_not_loaded() -> None:
    """Neither the clients of Redis and HTTP nor RQ nor the migrations: they take longer than a
    test.
    """
    program = (
        "import sys, comethooks.testing;"
        "print(*{'redis', 'httpx', 'rq', 'alembic', 'flask'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""
