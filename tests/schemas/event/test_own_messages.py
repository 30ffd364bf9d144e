"""What our own plugins did with messages, told from what others do with them."""

from typing import Any

import orjson
import pytest

from comethooks.schemas import Event, decode, parse

MARK = {"comethooks": {"by": "host", "muid": "m1"}}
MESSAGE = {
    "id": "7",
    "sender": "app_system",
    "receiver": "ada",
    "receiverType": "user",
    "category": "message",
    "type": "text",
    "data": {"text": "hello", "metadata": MARK},
    "sentAt": 1_800_000_000,
}


def event(trigger: str, message: dict[str, Any], **data: Any) -> Event:
    body = {"trigger": trigger, "appId": "app", "data": {"message": message, **data}}
    raw = orjson.dumps(body)
    parsed = parse(decode(raw), raw)
    return Event(
        id="1",
        source="cometchat",
        trigger=parsed.trigger,
        name=parsed.name,
        app_id=parsed.app_id,
        conversation_id=None,
        occurred_at=None,
        received_at=1,
        raw=raw,
    )


@pytest.mark.parametrize(
    ("trigger", "changes", "own"),
    [
        ("message_sent", {}, True),
        ("user_mentioned", {}, True),
        ("message_edited", {"editedAt": 1_800_000_100, "editedBy": "app_system"}, True),
        ("message_edited", {"editedAt": 1_800_000_100, "editedBy": "ada"}, False),
        ("message_deleted", {"deletedAt": 1_800_000_100, "deletedBy": "app_system"}, True),
        ("message_deleted", {"deletedAt": 1_800_000_100, "deletedBy": "moderator"}, False),
        ("moderation_engine_blocked", {}, False),
        ("message_sent", {"data": {"text": "comethooks", "metadata": {}}}, False),
        ("message_sent", {"data": {"metadata": {"comethooks": "host"}}}, False),
        ("message_sent", {"data": {"metadata": {"comethooks": {"by": 7}}}}, False),
        ("message_sent", {"data": {"metadata": {"other": MARK}}}, False),
        ("message_sent", {"data": {}, "metadata": MARK}, True),
    ],
)
def test_own_is_what_a_plugin_did_with_its_message(
    trigger: str, changes: dict[str, Any], own: bool
) -> None:
    """A deletion by a moderator is not, nor is what moderation says."""
    assert event(trigger, {**MESSAGE, **changes}).is_own is own


def test_a_reaction_to_it_is_not() -> None:
    """It tells of the message, and somebody else did it."""
    reaction = {"id": "1", "messageId": "7", "reaction": "x", "uid": "ada", "reactedAt": 1}
    told = event("message_reaction_added", MESSAGE, reaction=reaction)
    assert not told.is_own


def test_who_sent_it_and_under_which_muid_is_known() -> None:
    """Also where CometChat has left the muid out."""
    message = event("message_sent", MESSAGE).message
    assert message is not None
    assert (message.sent_by, message.muid) == ("host", "m1")
    other = event("message_sent", {**MESSAGE, "muid": "m2"}).message
    assert other is not None
    assert other.muid == "m2"
