"""Runs of ordered handlers wait for earlier ones of their conversation, as in a service."""

import json
from pathlib import Path
from typing import Any

import pytest

from comethooks import Context, Event, Plugin, Retry
from comethooks.testing import Delivery, Harness, HarnessError


class Ledger:
    """A plugin with an ordered handler, which books messages and fails for those of `refused`."""

    def __init__(self, **options: Any) -> None:
        self.booked: list[str] = []
        self.refused: set[str] = set()
        self.plugin = Plugin("ledger")
        self.plugin.on("message.sent", ordered=True, **options)(self.book)

    def book(self, event: Event, ctx: Context) -> None:
        """Book the text of a message."""
        if event.message.text in self.refused:
            raise OSError("no paper")
        self.booked.append(event.message.text)


def deliver(harness: Harness, ledger: Ledger, text: str, **said: Any) -> Delivery:
    """A message between the same two, unless it is said otherwise."""
    return harness.deliver(ledger.plugin, "message_sent", text=text, **said)


def states(*deliveries: Delivery) -> list[str]:
    """How their only runs stand."""
    return [delivery.run.state.value for delivery in deliveries]


def test_later_ones_wait_for_one_that_is_tried_again(harness: Harness) -> None:
    """They are run one after the other once it is done, and not counted as attempts before."""
    ledger = Ledger(retry=Retry(attempts=3, base=60, jitter=False))
    ledger.refused = {"one"}
    one = deliver(harness, ledger, "one", retries=False)
    two, three = (deliver(harness, ledger, text) for text in ("two", "three"))
    assert states(one, two, three) == ["retrying", "waiting", "waiting"]
    assert (two.status, two.run.attempts, ledger.booked) == ("retrying", 0, [])
    ledger.refused = set()
    harness.clock.advance(59)
    assert states(one, two, three) == ["retrying", "waiting", "waiting"]
    harness.clock.advance(1)
    assert states(one, two, three) == ["done"] * 3
    assert (ledger.booked, two.run.attempts) == (["one", "two", "three"], 1)
    assert deliver(harness, ledger, "four").run.state == "done"


def test_a_dead_one_holds_them_up_until_it_is_dismissed(harness: Harness) -> None:
    """Also when its event had all the attempts that it may."""
    ledger = Ledger(retry=Retry(attempts=2))
    ledger.refused = {"one", "two"}
    one, two, three = (deliver(harness, ledger, text) for text in ("one", "two", "three"))
    harness.clock.advance(86_400)
    assert states(one, two, three) == ["dead", "waiting", "waiting"]
    harness.dismiss(one.run)
    assert states(one, two, three) == ["dismissed", "retrying", "waiting"]
    assert (one.status, ledger.booked) == ("done", [])
    harness.clock.advance(60)
    assert states(one, two, three) == ["dismissed", "dead", "waiting"]
    ledger.refused = set()
    harness.retry(two.run)
    assert (states(one, two, three), two.run.attempts) == (["dismissed", "done", "done"], 3)
    assert ledger.booked == ["two", "three"]


def test_only_a_dead_run_is_retried_or_dismissed(harness: Harness) -> None:
    """There is nothing to decide about another one."""
    run = deliver(harness, Ledger(), "one").run
    for decide in (harness.retry, harness.dismiss):
        with pytest.raises(HarnessError, match=r"ledger\.book is done: only a dead run"):
            decide(run)


def test_a_dead_run_that_is_retried_has_one_attempt_more(harness: Harness) -> None:
    """Whether its handler is ordered or not."""
    plugin, attempts = Plugin("failing"), []

    @plugin.on("message_sent", retry=Retry(attempts=2))
    def fail(event: Event, ctx: Context) -> None:
        attempts.append(ctx.attempt)
        raise OSError("away")

    run = harness.deliver(plugin, "message_sent").run
    harness.retry(run)
    assert (run.state, attempts) == ("dead", [1, 2, 3])


def test_other_conversations_and_other_handlers_go_on(harness: Harness) -> None:
    """The line is one of a handler and a conversation."""
    ledger, seen = Ledger(), []
    ledger.refused = {"one"}

    @ledger.plugin.on("message.sent")
    def look(event: Event, ctx: Context) -> None:
        seen.append(event.message.text)

    deliver(harness, ledger, "one")
    behind = deliver(harness, ledger, "two")
    elsewhere = deliver(harness, ledger, "three", group="crew")
    assert [run.state for run in behind.runs] == ["waiting", "done"]
    assert [run.state for run in elsewhere.runs] == ["done", "done"]
    assert (ledger.booked, seen) == (["three"], ["one", "two", "three"])


def test_an_event_that_comes_again_keeps_its_place(harness: Harness) -> None:
    """It does not wait for itself; what waits for it goes on once it is done."""
    ledger = Ledger()
    ledger.refused = {"one"}
    one, two = (deliver(harness, ledger, text) for text in ("one", "two"))
    again = harness.repeat(two)
    assert again.run.state == "waiting"
    ledger.refused = set()
    assert harness.repeat(one).run.state == "done"
    assert (ledger.booked, again.run.state) == (["one", "two"], "done")


def test_attempts_of_a_run_that_was_not_recorded_are_not_made(harness: Harness) -> None:
    """The process that would have recorded it died before, and the event came again."""
    ledger = Ledger(retry=Retry(attempts=5, base=60, jitter=False))
    ledger.refused = {"one"}
    one = deliver(harness, ledger, "one", retries=False)
    again = harness.repeat(one, retries=False)
    ledger.refused = set()
    harness.clock.advance(60)
    assert (ledger.booked, one.run.attempts, again.run.state) == (["one"], 1, "done")


def test_in_a_replay_later_ones_wait_too(harness: Harness, tmp_path: Path) -> None:
    """For runs of that replay alone: what is dead since it was live holds up nothing there."""
    ledger = Ledger(retry=Retry(attempts=3), replay="safe")
    ledger.refused = {"one"}
    events = [deliver(harness, ledger, text, retries=False).event for text in ("one", "two")]
    file = tmp_path / "events.jsonl"
    lines = (
        {"id": e.id, "received_at": e.received_at.isoformat(), "body": e.raw.decode()}
        for e in events
    )
    file.write_text("\n".join(map(json.dumps, lines)))
    replayed = harness.replay(file, retries=False)
    assert states(*replayed) == ["retrying", "waiting"]
    ledger.refused = set()
    assert states(*harness.replay(file, name="another")) == ["done", "done"]
    assert ledger.booked == ["one", "two"]


def test_in_a_replay_what_is_emitted_holds_up_no_other_event(
    harness: Harness, tmp_path: Path
) -> None:
    """It is in order among itself only: a service runs it before, beside or after what is
    replayed.
    """
    plugin = Plugin("ledger")

    @plugin.on("message.sent", "ledger.noted", ordered=True, replay="safe", retry=Retry(attempts=3))
    def book(event: Event, ctx: Context) -> None:
        if event.parent:
            raise OSError("no paper")
        if event.replay:
            ctx.emit("noted", {"text": event.message.text})

    events = [harness.deliver(plugin, "message_sent", text=text).event for text in ("one", "two")]
    file = tmp_path / "events.jsonl"
    lines = (
        {"id": e.id, "received_at": e.received_at.isoformat(), "body": e.raw.decode()}
        for e in events
    )
    file.write_text("\n".join(map(json.dumps, lines)))
    replayed = harness.replay(file, retries=False)
    found = [[run.state.value for run in delivery.runs] for delivery in replayed]
    assert found == [["done", "retrying"], ["done", "waiting"]]
