"""The harness delivers events as the service would, and says what came of them."""

import json
import time
from pathlib import Path

import httpx
import pytest

from comethooks import App, Context, Event, MessageEvent, Plugin, Retry, RetryLater, Stop, Vote
from comethooks.schemas import DecisionAction, InvalidBodyError
from comethooks.testing import Harness, HarnessError, UnhandledError

URL = "https://example.com/in"


def relaying(**options: object) -> Plugin:
    """A plugin that passes each message on, once."""
    plugin = Plugin("relay")

    @plugin.on("message.sent", **options)  # type: ignore[arg-type]
    def forward(event: Event, ctx: Context) -> None:
        with ctx.once(event.message.id) as first:
            if first:
                ctx.http.post(URL, json={"text": event.message.text}).raise_for_status()
                ctx.emit("forwarded", {"message": event.message.id})

    return plugin


def counting(times: list[float], error: Exception, **options: object) -> Plugin:
    """A plugin whose handler notes when it is called, in seconds, and fails."""
    plugin = Plugin("failing")

    @plugin.on("message_sent", **options)  # type: ignore[arg-type]
    def fail(event: Event, ctx: Context) -> None:
        times.append(ctx.deadline.timestamp() - 30)
        raise error

    return plugin


def test_a_run_is_done(harness: Harness) -> None:
    """The result has the handler, its state, its attempts and its effects."""
    result = harness.deliver(relaying(), "message_sent", text="ahoy")
    assert (result.run.handler, result.run.state, result.run.attempts) == (
        "relay.forward",
        "done",
        1,
    )
    assert (result.run.error, result.status) == (None, "done")
    assert [request.json for request in harness.http.requests] == [{"text": "ahoy"}]
    assert result.effects[0].startswith(f"POST {URL} → 200")


def test_retries_take_no_time(harness: Harness) -> None:
    """The clock moves to when each attempt is due, and nobody waits."""
    times: list[float] = []
    plugin = counting(times, OSError("away"), retry=Retry(attempts=4, base=600, jitter=False))
    began = time.monotonic()
    result = harness.deliver(plugin, "message_sent")
    assert time.monotonic() - began < 60
    assert (result.run.state, result.run.attempts, result.run.error) == ("dead", 4, "OSError: away")
    assert "raise error" in (result.run.traceback or "")
    assert [round(time - times[0]) for time in times] == [0, 600, 1800, 4200]


def test_the_clock_makes_what_is_due(harness: Harness) -> None:
    """Without retries a run waits for the test to let time pass."""
    times: list[float] = []
    run = harness.deliver(counting(times, RetryLater(60)), "message_sent", retries=False).run
    before = harness.clock.now
    assert (run.state, len(times)) == ("retrying", 1)
    harness.clock.advance(59)
    assert len(times) == 1
    harness.clock.advance(1)
    assert (run.attempts, round(times[1] - times[0])) == (2, 60)
    assert (harness.clock.now - before).total_seconds() == 60
    with pytest.raises(ValueError, match="does not go back"):
        harness.clock.advance(-1)


def test_stop_ends_a_run(harness: Harness) -> None:
    """As in the service."""
    result = harness.deliver(counting([], Stop("gone"), retry=Retry()), "message_sent")
    assert (result.run.state, result.run.attempts, result.run.error) == ("dead", 1, "Stop: gone")


def test_a_run_is_held_to_its_time(harness: Harness) -> None:
    """A handler that goes on and on is interrupted."""
    plugin = Plugin("slow")

    @plugin.on("message_sent", timeout=0.2)
    def spin(event: Event, ctx: Context) -> None:
        while True:
            pass

    run = harness.deliver(plugin, "message_sent").run
    assert run.state == "dead"
    assert run.error is not None
    assert "it took longer than 0.2 s" in run.error


def test_requests_can_fail(harness: Harness) -> None:
    """Twice, and then they succeed; all of them are told of."""
    harness.http.fail(times=2, status=502)
    result = harness.deliver(relaying(retry=Retry(attempts=3)), "message_sent")
    assert (result.run.state, result.run.attempts) == ("done", 3)
    assert [line.split(" → ")[1][:3] for line in result.effects if "POST" in line] == [
        "502",
        "502",
        "200",
    ]
    assert len(harness.http.requests) == 3


def test_a_request_without_an_answer_leaves_its_key_unknown(harness: Harness) -> None:
    """Nobody knows whether it arrived, so it is not sent again."""
    harness.http.fail(error=httpx.ReadTimeout)
    result = harness.deliver(relaying(retry=Retry(attempts=3)), "message_sent", message_id="77")
    assert harness.once_keys.states == {"77": "unknown"}
    assert len(harness.http.requests) == 1
    assert result.emitted == ()


def test_answers_are_chosen_by_address(harness: Harness) -> None:
    """And headers and addresses of requests can be looked at."""
    plugin, seen = Plugin("asking"), []

    @plugin.on("message_sent")
    def ask(event: Event, ctx: Context) -> None:
        seen.append(
            ctx.http.get("https://a.example/x", params={"q": "1"}, headers={"X-Key": "k"}).json()
        )
        seen.append(ctx.http.get("https://b.example/").text)

    harness.http.respond(json={"from": "a"}, url="https://a.example")
    harness.http.respond(text="anybody")
    harness.http.respond(json={"first": True}, url="https://a.example", times=1)
    for _ in range(2):
        assert harness.deliver(plugin, "message_sent").status == "done"
    assert seen == [{"first": True}, "anybody", {"from": "a"}, "anybody"]
    request = harness.http.requests[0]
    assert (request.method, request.url) == ("GET", "https://a.example/x?q=1")
    assert (request.headers["x-key"], request.json, request.text) == ("k", None, "")
    with pytest.raises(TypeError, match=r"httpx\.ConnectError"):
        harness.http.fail(error=ValueError)  # type: ignore[arg-type]


def test_a_repeat_does_not_do_it_again(harness: Harness) -> None:
    """The same event comes again, its key is known, and what it emitted is not made twice."""
    result = harness.deliver(relaying(), "message_sent")
    again = harness.repeat(result)
    assert again.event is result.event
    assert (len(result.emitted), again.emitted) == (1, ())
    assert again.effects == (f"once {result.event.message.id!r}: not entered, it is done",)
    assert len(harness.http.requests) == 1


def test_what_is_emitted_goes_to_the_plugin(harness: Harness) -> None:
    """Its own handlers get it, as an event with a parent, until events made of events are too
    deep.
    """
    plugin, depths = Plugin("loop"), []

    @plugin.on("message_sent", "loop.again")
    def again(event: Event, ctx: Context) -> None:
        depths.append(event.depth)
        ctx.emit("again", {"depth": event.depth})

    result = harness.deliver(plugin, "message_sent")
    assert depths == list(range(9))
    assert [run.state for run in result.runs] == ["done"] * 8 + ["dead"]
    first = result.emitted[0]
    assert (first.trigger, first.parent) == ("loop.again", result.event.id)
    assert first.payload["data"] == {"depth": 0}
    with pytest.raises(HarnessError, match=r"not one run but 9: loop.again on message_sent, "):
        _ = result.run


def test_what_every_attempt_emits_is_one_event(harness: Harness) -> None:
    """It is kept before the run fails, and recognised when it is made again."""
    plugin = Plugin("insistent")

    @plugin.on("message_sent", retry=Retry(attempts=3))
    def say(event: Event, ctx: Context) -> None:
        ctx.emit("said", {"to": "all"})
        raise OSError("away")

    result = harness.deliver(plugin, "message_sent")
    assert (result.run.state, result.run.attempts) == ("dead", 3)
    assert [event.payload["data"] for event in result.emitted] == [{"to": "all"}]


def test_a_dry_run_does_nothing(harness: Harness) -> None:
    """It tells what would be done."""
    result = harness.deliver(relaying(), "message_sent", text="ahoy", message_id="5", dry_run=True)
    assert result.effects == (
        "once '5': would be entered",
        f'would POST {URL} {{"text": "ahoy"}}',
        'would emit relay.forwarded {"message": "5"}',
    )
    assert (harness.http.requests, harness.once_keys.states, result.emitted) == ([], {}, ())


def test_an_event_that_nobody_wants_is_an_error(harness: Harness) -> None:
    """It says of each handler why not; where that is right, it can be said."""
    plugin = relaying()
    with pytest.raises(
        UnhandledError, match=r'relay\.forward \(.*\): "message\.sent" does not fit group_'
    ):
        harness.deliver(plugin, "group_created")
    with pytest.raises(UnhandledError, match=r"does not fit message_sent or message\.echo"):
        harness.deliver(plugin, "message_sent", variant="edited")
    with pytest.raises(UnhandledError, match="has no handlers"):
        harness.deliver(Plugin("empty"), "message_sent")
    result = harness.deliver(plugin, "group_created", allow_unhandled=True)
    assert (result.runs, result.status) == ((), "unhandled")
    assert list(result.why_not) == ["relay.forward"]


def test_a_body_that_would_be_refused_is_an_error(harness: Harness) -> None:
    """The schemas are those of the service; strict, they refuse what they do not know."""
    with pytest.raises(InvalidBodyError, match=r"data\.message\.id"):
        harness.deliver(relaying(), "message_sent", set={"data.message.id": []})
    changes = {"data.message.shiny": 1}
    assert harness.deliver(relaying(), "message_sent", set=changes).status == "done"
    with pytest.raises(InvalidBodyError, match=r"data\.message\.shiny: Not a known field"):
        harness.deliver(relaying(), "message_sent", set=changes, strict=True)


def test_a_misfit_is_delivered_where_the_service_would_be_lenient(harness: Harness) -> None:
    """The handler reads why it is one, and what there is."""
    plugin = Plugin("reading")

    @plugin.on("message.sent")
    def read(event: MessageEvent, ctx: Context) -> None:
        assert event.misfit

    changes = {"data.message.id": None}
    result = harness.deliver(plugin, "message_sent", text="ahoy", set=changes, lenient=True)
    assert result.status == "done"
    assert result.event.misfit == ("data.message.id: Field may not be null.",)
    assert (result.event.message.id, result.event.message.text) == ("", "ahoy")
    with pytest.raises(HarnessError, match="strict or lenient"):
        harness.deliver(plugin, "message_sent", strict=True, lenient=True)


def test_a_message_in_flight_comes_with_what_was_decided_on_it(harness: Harness) -> None:
    """In further attempts too, and with what each decider said."""
    plugin, seen = Plugin("reading"), []
    votes = [Vote("guard.judge", DecisionAction.DROP, 0.3, reason="scam")]

    @plugin.on("before_message", retry=Retry(base=1))
    def read(event: Event, ctx: Context) -> None:
        seen.append((event.decision, event.votes))
        assert ctx.attempt > 1

    result = harness.deliver(plugin, "before_message", text="hi", decision="drop", votes=votes)
    assert (result.event.decision, result.run.attempts) == ("drop", 2)
    assert seen == [("drop", tuple(votes))] * 2
    assert harness.deliver(plugin, "before_message", text="hi").event.decision is None
    with pytest.raises(HarnessError, match="decision='block': there are allow, drop, annotate"):
        harness.deliver(plugin, "before_message", decision="block")


def test_a_body_of_the_tests_own_is_delivered(harness: Harness) -> None:
    """As an object or as bytes, changed or not."""
    body = harness.deliver(relaying(), "message_sent", text="ahoy").event.payload
    own = dict(body.copy())  # type: ignore[attr-defined]
    assert harness.deliver(relaying(), body=own).event.message.text == "ahoy"
    assert harness.deliver(relaying(), body=json.dumps(own).encode()).event.message.text == "ahoy"
    changed = harness.deliver(relaying(), body=own, set={"data.message.data.text": "bye"})
    assert changed.event.message.text == "bye"
    for wrong in ({}, {"trigger": "message_sent", "body": own}, {"body": own, "text": "x"}):
        with pytest.raises(HarnessError):
            harness.deliver(relaying(), **wrong)  # type: ignore[arg-type]


def test_exported_events_are_replayed(harness: Harness, tmp_path: Path) -> None:
    """They keep their ids, know that they are part of a replay, and handlers that are never to be
    are skipped.
    """
    plugin, seen = Plugin("twice"), []

    @plugin.on("message_sent", replay="safe")
    def note(event: Event, ctx: Context) -> None:
        seen.append((event.id, event.replay))

    @plugin.on("message_sent", replay="never")
    def once(event: Event, ctx: Context) -> None:
        ctx.emit("told", {})

    first = harness.deliver(plugin, "message_sent")
    line = {
        "id": first.event.id,
        "received_at": "2026-01-02T03:04:05Z",
        "body": first.event.raw.decode(),
    }
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(line) + "\n\n")
    [again] = harness.replay(file, name="mended")
    assert seen == [(first.event.id, None), (first.event.id, "mended")]
    assert {run.handler: str(run.state) for run in again.runs} == {
        "twice.note": "done",
        "twice.once": "skipped",
    }
    file.write_text('{"id": 1}\n')
    with pytest.raises(HarnessError, match=r"line 1: .*received_at"):
        harness.replay(file, plugin)
    with Harness() as other, pytest.raises(HarnessError, match="say which plugin"):
        other.replay(file)
    with pytest.raises(HarnessError, match="cannot be read"):
        harness.replay(tmp_path / "none.jsonl", plugin)


def test_the_app_of_an_event_is_what_the_test_says(harness: Harness) -> None:
    """By default it is not configured, as in a service without `COMETHOOKS_APPS`."""
    plugin, seen = Plugin("apps"), []

    @plugin.on("message_sent")
    def look(event: Event, ctx: Context) -> None:
        seen.append(ctx.app)

    app_id = harness.deliver(plugin, "message_sent").event.app_id
    harness.apps[app_id] = App(app_id, "eu", "a key")
    harness.deliver(plugin, "message_sent")
    assert seen == [None, App(app_id, "eu", "a key")]


def test_what_is_too_large_to_be_kept_is_an_error(harness: Harness) -> None:
    """As in a service with its default limit."""
    plugin = Plugin("large")

    @plugin.on("message_sent")
    def emit(event: Event, ctx: Context) -> None:
        ctx.emit("made", {"text": "x" * 2**20})

    assert "COMETHOOKS_MAX_BODY" in str(harness.deliver(plugin, "message_sent").run.error)
