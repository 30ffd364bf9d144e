"""What each kind of event counts for."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from comethooks.schemas import OURS, DecisionAction, Vote
from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.analytics.readings import EventReading, reading_of
from comethooks.workers.record import Kind, Record

NOW = 1_760_000_000_000
S = NOW // 1000


def read(name: str | None, data: Any, **known: Any) -> EventReading:
    """What an event with that name and that `data` counts for."""
    body = known.pop("body", None) or orjson.dumps({"trigger": "t", "data": data})
    about = {"conversation_id": "group_hikers", "sender": "ines", **known}
    return reading_of(
        Record(
            **{
                "kind": Kind.EVENT,
                "id": "1",
                "received_at": NOW,
                "occurred_at": NOW - 40,
                "trigger": "t",
                "name": name,
                "body": body,
                **about,
            }
        ),
        "5",
    )


def told(reading: EventReading) -> Iterator[tuple[Any, ...]]:
    """Metric, labels and value of all but the event itself."""
    for metric, labels, value in reading.counts:
        if metric.name != "events":
            yield (metric.name, *labels, value)


MESSAGE = {"id": "5", "category": "message", "type": "image", "sender": "ines"}
FORM = {**MESSAGE, "category": "interactive", "type": "form"}
CARD = {**MESSAGE, "category": "card", "type": "text"}
CALL = {"id": "7", "category": "call", "type": "video", "sender": "ines", "receiverType": "user"}
RULES = [{"rule": {"id": "shouting"}}]
FAILURE = {"category": "timeout", "context": {"rule": {"id": "shouting"}}}
ON = {"data": {"entities": {"on": {"entity": MESSAGE}}}}
SESSION = {"action": "disconnected", "platform": "ios", "connectedAt": NOW - 2500}


@pytest.mark.parametrize(
    ("name", "data", "counts"),
    [
        ("message.sent", {"message": MESSAGE}, [("messages.sent", "message", "image", "group", 1)]),
        ("message.sent", MESSAGE, [("messages.sent", "message", "image", "group", 1)]),
        ("message.sent", {}, [("messages.sent", "unknown", "unknown", "group", 1)]),
        (
            "message.edited",
            {"message": {"category": "action", "type": "message", **ON}},
            [("messages.edited", "message", "image", "group", 1)],
        ),
        (
            "message.deleted",
            {"message": MESSAGE},
            [("messages.deleted", "message", "image", "group", 1)],
        ),
        (
            "message.sent",
            {"message": FORM},
            [
                ("messages.sent", "interactive", "form", "group", 1),
                ("interactions.sent", "form", 1),
            ],
        ),
        (
            "message.sent",
            {"message": CARD},
            [("messages.sent", "card", "text", "group", 1), ("interactions.sent", "card", 1)],
        ),
        ("message.echo", {"message": MESSAGE}, []),
        ("receipt.delivered", {}, [("receipts.delivered", "group", 1)]),
        ("receipt.delivered_to_all", {}, []),
        ("reaction.added", {}, [("reactions.added", 1)]),
        ("reaction.removed", {}, [("reactions.removed", 1)]),
        (
            "user.presence",
            {"timestamp": NOW, "currentConnection": SESSION},
            [("presence.sessions", "ios", 1), ("presence.seconds", "ios", 2500)],
        ),
        (
            "user.presence",
            {"timestamp": NOW, "currentConnection": {"action": "connected"}},
            [],
        ),
        ("group.created", {}, [("groups.created", 1)]),
        ("group.member_added", {"members": {"a": {}, "b": {}}}, [("members.added", 2)]),
        ("group.member_joined", {}, [("members.joined", 1)]),
        ("group.member_kicked", {"members": {"a": {}}}, [("members.kicked", 1)]),
        ("interaction.received", {"messageType": "form"}, [("interactions.interacted", "form", 1)]),
        (
            "moderation.blocked",
            {"message": MESSAGE, "moderation": RULES},
            [("moderation.decided", "shouting", "disapproved", 1)],
        ),
        (
            "moderation.approved",
            {"message": MESSAGE},
            [("moderation.decided", "none", "approved", 1)],
        ),
        ("plugin.of.mine", {}, []),
    ],
)
def test_an_event_counts_for_what_it_tells(
    name: str, data: Any, counts: list[tuple[Any, ...]]
) -> None:
    """And in `events`, always."""
    triggers = {
        "user.presence": "user_connection_status_changed",
        "group.member_added": "group_member_added",
        "group.member_kicked": "group_member_kicked",
        "moderation.blocked": "moderation_engine_blocked",
        "moderation.approved": "moderation_engine_approved",
    }
    reading = read(name, data, trigger=triggers.get(name, "t"))
    assert list(told(reading)) == counts
    assert next(metric.name for metric, _, _ in reading.counts) == "events"


def test_calls_are_told_by_what_became_of_them() -> None:
    """And how long they lasted, by the session's own times."""
    ringing = read("call.initiated", {"call": CALL}, trigger="call_initiated")
    assert list(told(ringing)) == [("calls.started", "video", "group", 1)]
    ended = {"created_at": S - 60, "destroyed_at": S, "sessionId": "x"}
    body = orjson.dumps({"trigger": "call_ended", "type": "call", "data": ended})
    known = {"trigger": "call_ended", "conversation_id": None, "body": body}
    assert list(told(read("call.ended", None, **known))) == [
        ("calls.seconds", "call", "unknown", 60_000)
    ]


def test_what_could_not_be_judged_names_the_rule() -> None:
    """And what became of the message."""
    data = {"resource": MESSAGE, "failures": [FAILURE], "outcome": "approved"}
    reading = read("moderation.failed", data, trigger="moderation_engine_failed")
    assert list(told(reading)) == [("moderation.failed", "shouting", "approved", 1)]


def test_a_message_in_flight_counts_what_was_decided() -> None:
    """With the decider that said so; one in shadow did not."""
    votes = (
        Vote("a.b", DecisionAction.DROP, 1.0, shadow=True),
        Vote("words.check", DecisionAction.DROP, 1.0),
    )
    reading = read("message.before", MESSAGE, decision=DecisionAction.DROP, votes=votes)
    assert list(told(reading)) == [("moderation.decided", "words.check", "drop", 1)]


def test_what_a_rule_flagged_counts_only_if_we_say_so() -> None:
    """Anybody may send a trigger of that name."""
    known = {"trigger": "moderator.flagged", "name": None}
    assert not list(told(read(data={"rule": "links"}, **known)))
    ours = read(data={"rule": "links", "verdict": "dropped"}, source=OURS, **known)
    assert list(told(ours)) == [("moderation.flagged", "links", "dropped", 1)]


@pytest.mark.parametrize(
    ("name", "category", "active"),
    [
        ("message.sent", "message", True),
        ("message.sent", "action", False),
        ("message.edited", "message", False),
        ("reaction.added", "", True),
        ("reaction.removed", "", False),
        ("receipt.read", "", False),
    ],
)
def test_whoever_sends_reacts_or_calls_is_active(name: str, category: str, active: bool) -> None:
    """Nobody else: who joins a group wrote no message that says so."""
    reading = read(name, {"message": {**MESSAGE, "category": category}})
    assert reading.active == ("ines" if active else None)


@pytest.mark.parametrize("name", [None, "message.sent", "receipt.read", "user.presence"])
def test_a_body_that_is_no_json_counts_for_what_is_known_without_it(name: str | None) -> None:
    """As one that was not kept."""
    assert read(name, None, body=b"{").counts[0].metric.name == "events"


def test_every_metric_says_in_a_sentence_what_it_is() -> None:
    """With a unit; and names are what they are listed by."""
    for name, metric in METRICS.items():
        assert name == metric.name
        assert metric.unit
        for sentence in filter(None, (metric.sentence, metric.partial)):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
