"""What a handler reads of events that are made here."""

from datetime import UTC, datetime

import orjson
import pytest

from comethooks.schemas import CompletionEvent, Event, SilenceEvent

BODY = {
    "trigger": "interaction_goal_completed",
    "appId": "2611fa0c",
    "parent": {"id": "a", "handler": "interactions.pressed", "depth": 1},
    "data": {
        "completion": {
            "messageId": "57",
            "user": "omar",
            "receiverType": "group",
            "receiver": "hikers",
            "interactions": [{"elementId": "submit", "interactedAt": 1_760_000_000_500}],
            "answers": {"name": "Omar"},
            "goal": {"type": "allOf", "elementIds": ["name", "submit"]},
            "verified": True,
        },
        "message": {"id": "57", "sender": "ines", "receiver": "hikers", "receiverType": "group"},
    },
}


def event(source: str = "comethooks") -> Event:
    """The event as handlers get it."""
    return Event(
        id="b",
        source=source,
        trigger="interaction_goal_completed",
        name="interaction.completed",
        app_id="2611fa0c",
        conversation_id="group_hikers",
        occurred_at=None,
        received_at=1,
        raw=orjson.dumps(BODY),
    )


def test_it_says_who_did_what_on_which_message() -> None:
    """The message is there as well, and the sender of the event is who completed it."""
    completed = event()
    assert isinstance(completed, CompletionEvent)
    told = completed.completion
    assert (told.message_id, told.user, told.verified) == ("57", "omar", True)
    assert (told.receiver_type, told.receiver) == ("group", "hikers")
    assert [(each.element_id, each.interacted_at) for each in told.interactions] == [
        ("submit", datetime.fromtimestamp(1_760_000_000.5, UTC))
    ]
    assert told.answers == {"name": "Omar"}
    assert (told.goal.type, told.goal.element_ids) == ("allOf", ("name", "submit"))
    assert completed.message.sender.uid == "ines"
    assert completed.sender is not None
    assert completed.sender.uid == "omar"
    assert completed.group is not None


def test_no_other_source_has_such_events() -> None:
    """A body that comes in with this trigger says nothing."""
    assert event("cometchat").completion is None


SILENT = {
    "trigger": "app_silent",
    "appId": "2611fa0c",
    "data": {
        "app": "2611fa0c",
        "last_event_at": "2026-11-29T11:58:00.250Z",
        "expected": 21,
        "seconds": 130,
    },
    "advice": ["the webhook may be disabled: comethooks webhook list", "…"],
}


def silent(trigger: str, source: str = "comethooks") -> Event:
    """An event about a silence."""
    return Event(
        id="c",
        source=source,
        trigger=trigger,
        name=f"app.{trigger.removeprefix('app_')}",
        app_id="2611fa0c",
        conversation_id=None,
        occurred_at=None,
        received_at=1,
        raw=orjson.dumps({**SILENT, "trigger": trigger}),
    )


@pytest.mark.parametrize("trigger", ["app_silent", "app_resumed"])
def test_it_says_which_app_is_silent_since_when(trigger: str) -> None:
    """Both events tell of one silence, with what may be done about it."""
    event = silent(trigger)
    assert isinstance(event, SilenceEvent)
    told = event.silence
    assert (told.app, told.expected, told.seconds) == ("2611fa0c", 21, 130)
    assert told.last_event_at == datetime(2026, 11, 29, 11, 58, 0, 250_000, UTC)
    assert told.advice == tuple(SILENT["advice"])
    assert (event.message, event.completion, event.sender) == (None, None, None)


def test_no_other_source_tells_of_silences() -> None:
    """A body that comes in with such a trigger says nothing."""
    assert silent("app_silent", "cometchat").silence is None
