"""Which message an event is about is read from the bodies of every kind."""

from random import Random
from typing import Any

import pytest

from comethooks.samples.making import all_samples
from comethooks.schemas import COMETCHAT, OURS, TRIGGERS
from comethooks.schemas.message_ids import _READ, message_id_in, tells_of_messages


def found(trigger: str, data: Any, source: str = COMETCHAT) -> str | None:
    return message_id_in({"trigger": trigger, "data": data, "appId": "a"}, trigger, source)


@pytest.mark.parametrize(
    ("trigger", "data"),
    [
        ("message_sent", {"message": {"id": "57", "sender": "ines"}}),
        ("after_message", {"id": 57, "sender": "ines"}),
        ("message_edited", {"message": {"id": "57", "editedAt": 5}}),
        ("message_delivery_receipt", {"body": {"messageId": "57"}}),
        ("message_read_receipt", {"messageId": 57, "receiptType": "read"}),
        ("message_reaction_added", {"reaction": {"id": "1", "messageId": "57"}}),
        ("moderation_engine_blocked", {"message": {"id": "57"}}),
        ("moderation_engine_failed", {"resource": {"id": "57"}}),
        ("moderation_requested", {"contextMessages": [{"a": "hi"}, {"b": {"id": "57"}}]}),
        ("call_initiated", {"call": {"id": "57", "category": "call"}}),
        ("user_mentioned", {"message": {"id": "57"}}),
        ("ui_message_interacted", {"messageId": "57"}),
    ],
)
def test_is_the_id_of_the_message_however_the_body_has_it(trigger: str, data: Any) -> None:
    """Nested, flat, in a receipt, a reaction, a question of moderation, a call or a press."""
    assert found(trigger, data) == "57"
    assert tells_of_messages(trigger, COMETCHAT)


@pytest.mark.parametrize("trigger", ["message_edited", "message_deleted", "message_sent"])
def test_an_action_on_a_message_is_about_that_message(trigger: str) -> None:
    """The action has an id of its own, which nobody would ask for."""
    action = {
        "id": "58",
        "category": "action",
        "type": "message",
        "data": {"entities": {"on": {"entity": {"id": "57"}, "entityType": "message"}}},
    }
    assert found(trigger, {"message": action}) == "57"


def test_a_goal_that_we_tell_of_is_about_its_message() -> None:
    """The event is made here, and its body is one of ours."""
    assert found("interaction_goal_completed", {"message": {"id": "57"}}, OURS) == "57"


@pytest.mark.parametrize(
    ("trigger", "data", "source"),
    [
        ("group_member_joined", {"group": {"guid": "g"}, "id": "57"}, COMETCHAT),
        ("before_message", {"id": "57", "sender": "ines"}, COMETCHAT),
        ("nobody_knows", {"id": "57"}, COMETCHAT),
        ("message_sent", {"message": {"id": "57"}}, "tickets"),
    ],
)
def test_other_events_are_about_none(trigger: str, data: Any, source: str) -> None:
    """An id is no message's because it is called so; and nothing has to be read to know that."""
    assert found(trigger, data, source) is None
    assert not tells_of_messages(trigger, source)


@pytest.mark.parametrize("data", [None, [], "x", {"message": 5}, {"message": {"id": {}}}, {}])
def test_a_body_of_another_form_names_none(data: Any) -> None:
    """Whatever stands where the id should be, nothing is raised."""
    for trigger in ("message_sent", "message_read_receipt", "message_reaction_added", "call_busy"):
        assert found(trigger, data) is None


def test_every_sample_about_a_message_names_it() -> None:
    """But for calls that CometChat's examples write flat, which say no id of a message."""
    bodies = [body for _, body in all_samples(now_ms=1_760_000_000_000, random=Random(5))]
    lacking = {
        body["trigger"]
        for body in bodies
        if tells_of_messages(body["trigger"], COMETCHAT)
        and message_id_in(body, body["trigger"], COMETCHAT) is None
    }
    assert all(trigger.startswith("call_") for trigger in lacking)


def test_all_forms_of_a_trigger_have_the_id_in_the_same_place() -> None:
    """So that the trigger alone says where it is looked for."""
    for trigger in TRIGGERS.values():
        assert len({_READ.get(form.family) for form in trigger.forms}) == 1, trigger.name
