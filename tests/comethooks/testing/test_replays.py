"""A replay in a test is of the same events, in the same order and by the same handlers as in a
service.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from comethooks import Context, Event, Plugin, Retry
from comethooks.testing import Delivery, Harness, HarnessError, UnhandledError

Write = Callable[[Sequence[Event]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes events into a file, as `comethooks events export` does."""

    def write(events: Sequence[Event]) -> Path:
        file = tmp_path / "events.jsonl"
        lines = (
            {
                "id": event.id,
                "received_at": event.received_at.isoformat(),
                "source": event.source,
                "trigger": event.trigger,
                "body": event.raw.decode(),
            }
            for event in events
        )
        file.write_text("\n".join(map(json.dumps, lines)))
        return file

    return write


def noting(seen: list[Any], note: Callable[[Event], Any], **options: Any) -> Plugin:
    """A plugin that notes something of every message."""
    plugin = Plugin("noting")

    @plugin.on("message_sent", **options)
    def take(event: Event, ctx: Context) -> None:
        seen.append(note(event))

    return plugin


def states(delivery: Delivery) -> dict[str, str]:
    """The states of its runs, by handler."""
    return {run.handler: run.state.value for run in delivery.runs}


def test_each_event_comes_once_and_the_oldest_first(harness: Harness, write: Write) -> None:
    """However the file has them."""
    seen: list[str] = []
    plugin = noting(seen, lambda event: event.message.text, replay="safe")
    events = []
    for text in ("one", "two", "three"):
        events.append(harness.deliver(plugin, "message_sent", text=text).event)
        harness.clock.advance(1)
    seen.clear()
    replayed = harness.replay(write([events[2], events[0], events[0], events[1], events[2]]))
    assert seen == ["one", "two", "three"]
    assert [each.event.id for each in replayed] == [event.id for event in events]


def test_what_fails_is_tried_again_after_the_events_that_follow(
    harness: Harness, write: Write
) -> None:
    """As where a replay has more than one event."""
    plugin, seen = Plugin("flaky"), []

    @plugin.on("message_sent", replay="safe", retry=Retry(attempts=2))
    def fail(event: Event, ctx: Context) -> None:
        seen.append((event.message.text, ctx.attempt))
        if event.message.text == "one" and ctx.attempt == 1:
            raise OSError("away")

    events = [harness.deliver(plugin, "message_sent", text=text).event for text in ("one", "two")]
    seen.clear()
    harness.replay(write(events))
    assert seen == [("one", 1), ("two", 1), ("one", 2)]


def test_a_handler_that_asks_is_left_out_unless_it_is_included(
    harness: Harness, write: Write
) -> None:
    """It has no run then; one that never may be is skipped."""
    plugin = Plugin("three")

    @plugin.on("message_sent")
    def asks(event: Event, ctx: Context) -> None:
        """Says nothing about replays."""

    @plugin.on("message_sent", replay="safe")
    def may(event: Event, ctx: Context) -> None:
        """May always be replayed."""

    @plugin.on("message_sent", replay="never")
    def never(event: Event, ctx: Context) -> None:
        """Never may."""

    file = write([harness.deliver(plugin, "message_sent").event])
    [without] = harness.replay(file)
    assert states(without) == {"three.may": "done", "three.never": "skipped"}
    assert 'include=["three.asks"]' in without.why_not["three.asks"]
    [included] = harness.replay(file, include=["three.asks"])
    assert states(included) == {"three.asks": "done", "three.may": "done", "three.never": "skipped"}
    assert states(harness.repeat(without)) == states(without)
    with pytest.raises(HarnessError, match=r"no such handler; did you mean 'three\.asks'\?"):
        harness.replay(file, include=["three.ask"])
    with pytest.raises(HarnessError, match=r'three\.never declares replay="never"'):
        harness.replay(file, include=["three.never"])


def test_a_replay_in_which_nothing_may_run_is_an_error(harness: Harness, write: Write) -> None:
    """Or a test would pass that shows nothing."""
    plugin = noting([], lambda event: event.id)
    file = write([harness.deliver(plugin, "message_sent").event])
    with pytest.raises(HarnessError, match=r'nothing is run: write include=\["noting\.take"\]'):
        harness.replay(file)


class TestEmitted:
    """What a replay makes is part of the replay alone."""

    @pytest.fixture
    def seen(self) -> list[str | None]:
        """The replays of the events that handlers of emitted events get."""
        return []

    @pytest.fixture
    def plugin(self, seen: list[str | None]) -> Plugin:
        """Emits an event for each message, which three handlers take."""
        plugin = Plugin("chain")

        @plugin.on("message_sent", replay="safe")
        def begin(event: Event, ctx: Context) -> None:
            ctx.emit("begun", {"message": event.message.id})

        @plugin.on("chain.begun", replay="safe")
        def note(event: Event, ctx: Context) -> None:
            seen.append(event.replay)

        @plugin.on("chain.begun", replay="never")
        def mail(event: Event, ctx: Context) -> None:
            seen.append("mail")

        @plugin.on("chain.begun")
        def ask(event: Event, ctx: Context) -> None:
            seen.append("ask")

        return plugin

    def test_what_is_known_is_not_made_again(
        self, harness: Harness, plugin: Plugin, seen: list[str | None], write: Write
    ) -> None:
        """It was made when the event was live, or it is in the file."""
        live = harness.deliver(plugin, "message_sent")
        seen.clear()
        [replayed] = harness.replay(write([live.event]))
        assert (replayed.emitted, seen) == ((), [])
        assert states(replayed) == {"chain.begin": "done"}
        with Harness() as other:
            deliveries = other.replay(write([live.event, *live.emitted]), plugin)
        assert [each.emitted for each in deliveries] == [(), ()]
        by_trigger = {each.event.trigger: states(each) for each in deliveries}
        assert by_trigger["chain.begun"] == {"chain.note": "done", "chain.mail": "skipped"}
        assert seen == ["replay"]

    def test_what_is_new_is_handled_by_the_replay_alone(
        self, harness: Harness, plugin: Plugin, seen: list[str | None], write: Write
    ) -> None:
        """Once, by handlers that may be replayed; a live run that makes it later makes a live
        event.
        """
        live = harness.deliver(plugin, "message_sent", dry_run=True)
        file = write([live.event])
        [replayed] = harness.replay(file, name="mended")
        assert [event.replay for event in replayed.emitted] == ["mended"]
        assert states(replayed) == {
            "chain.begin": "done",
            "chain.note": "done",
            "chain.mail": "skipped",
        }
        assert harness.replay(file, name="again")[0].emitted == ()
        assert seen == ["mended"]
        assert [event.replay for event in harness.repeat(live).emitted] == [None]
        assert sorted(map(str, seen)) == ["None", "ask", "mail", "mended"]


def test_what_a_filter_leaves_out_makes_no_run(harness: Harness, write: Write) -> None:
    """Neither when it is delivered nor in a replay, and the test is told why."""
    seen: list[str] = []
    plugin = noting(seen, lambda event: event.message.type, replay="safe", type="form")
    form = harness.deliver(plugin, "message_sent", variant="form")
    text = harness.deliver(plugin, "message_sent", allow_unhandled=True)
    assert [len(each.runs) for each in (form, text)] == [1, 0]
    assert text.why_not == {"noting.take": 'type is "text", not "form"'}
    replayed = harness.replay(write([form.event, text.event]))
    assert [len(each.runs) for each in replayed] == [1, 0]
    assert seen == ["form", "form"]
    with pytest.raises(UnhandledError, match='type is "text", not "form"'):
        harness.deliver(plugin, "message_sent")


def test_a_question_of_moderation_goes_to_handlers_again_and_not_to_deciders(
    harness: Harness, write: Write
) -> None:
    """It was answered long ago; what it said is there as it was."""
    plugin, seen, asked = Plugin("guard"), [], []

    @plugin.decide("moderation_requested")
    def judge(event: Event, ctx: Context) -> None:
        asked.append(event.id)

    @plugin.on("moderation.requested", replay="safe")
    def note(event: Event, ctx: Context) -> None:
        seen.append((event.replay, event.rule, event.message and event.message.text, event.context))

    question = {"rule": "scam", "data.contextMessages.0": {"ada": "Hello"}}
    first = harness.deliver(plugin, "moderation_requested", text="free crypto", set=question).event
    event = harness.deliver(plugin, "moderation_requested", text="buy", set=question).event
    harness.replay(write([event]), name="again")
    assert [(replay, rule, text) for replay, rule, text, _ in seen] == [
        (None, "scam", "free crypto"),
        (None, "scam", "buy"),
        ("again", "scam", "buy"),
    ]
    assert seen[2][3][0] == ("ada", "Hello")
    assert asked == [first.id, event.id]
