"""Families of events: what they belong to, by what a repeat of one is recognised, and when it
happened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from comethooks.schemas.triggers import identity
from comethooks.schemas.triggers.identity import Identity, Routing, Subject
from comethooks.schemas.wire.envelope import at, data_of
from comethooks.schemas.wire.shapes import changed_in, message_in

Body = Mapping[str, Any]


def _whole(body: Body) -> Any:
    return body


def _what_it_says(body: Body) -> Any:
    message = message_in(data_of(body))
    return message.get("data") or message


def _what_it_says_now(body: Body) -> Any:
    """What a changed message says, without who is involved: they may be offline by a second
    delivery.
    """
    message = message_in(data_of(body))
    message = changed_in(message) or message
    data = message.get("data")
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if key != "entities"}
    return message.get("text"), data


def _how_it_is_described(body: Body) -> Any:
    """What an administrator writes about a group, without what changes by itself."""
    group = at(body, ("data", "group")) or {}
    return [
        group.get(key)
        for key in ("name", "type", "description", "icon", "password", "tags", "metadata")
    ]


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of event. `conversation`, `repeat` and `time` say for people what `routing` and
    `identity` do.

    `content` is the part of the body whose hash belongs to the subject, if one does.
    """

    name: str
    routing: Callable[[Subject], Routing]
    identity: Callable[[Subject], Identity]
    conversation: str
    repeat: str
    time: str
    content: Callable[[Body], Any] | None = None


MESSAGE = Family(
    "message",
    identity.message_routing,
    identity.message_identity,
    "the message's",
    "message id, updatedAt, editedAt, deletedAt, pinnedAt, sentAt",
    "sentAt, or updatedAt",
)
IN_FLIGHT = Family(
    "message in flight",
    identity.message_routing,
    identity.in_flight_identity,
    "the message's",
    "sender, muid, hash of data; without a muid conversation, sender, sentAt, hash of data",
    "sentAt",
    content=_what_it_says,
)
CHANGE = Family(
    "message",
    identity.change_routing,
    identity.change_identity,
    "the message's",
    f"{MESSAGE.repeat}, hash of its data",
    "editedAt, deletedAt or pinnedAt, else updatedAt",
    content=_what_it_says_now,
)
RECEIPT = Family(
    "receipt",
    identity.receipt_routing,
    identity.receipt_identity,
    "the message's",
    "message id, user, time",
    "timestamp, or deliveredAt, readAt",
)
REACTION = Family(
    "reaction",
    identity.reaction_routing,
    identity.reaction_identity,
    "if the body names it; else by user",
    "reaction id, message id, user, reaction, reactedAt",
    "reactedAt",
)
PRESENCE = Family(
    "presence",
    identity.presence_routing,
    identity.presence_identity,
    "none; by user",
    "uid, action, status, time, session, connection time, platform",
    "timestamp, or event.at",
)
GROUP = Family(
    "group",
    identity.group_routing,
    identity.group_identity,
    "the group's",
    "guid, owner, members and their scopes, by, updatedAt, hash of name, icon, metadata, …",
    "updatedAt",
    content=_how_it_is_described,
)
BLOCK = Family(
    "block",
    identity.block_routing,
    identity.block_identity,
    "none; by user",
    "by, users (for minutes)",
    "none",
)
CALL = Family(
    "call",
    identity.call_routing,
    identity.call_identity,
    "the call's",
    "session, message id, action, updatedAt",
    "updatedAt, or sentAt",
)
SESSION = Family(
    "session",
    identity.session_routing,
    identity.session_identity,
    "none; by session",
    "session, occupant, joined_at, time",
    "created_at, destroyed_at, joined_at or left_at",
)
RECORDING = Family(
    "recording",
    identity.session_routing,
    identity.recording_identity,
    "none; by session",
    "session, tid or duration, endTime or startTime",
    "endTime, or startTime",
)
JUDGED = Family(
    "moderation",
    identity.judged_routing,
    identity.message_identity,
    "the message's",
    MESSAGE.repeat,
    "updatedAt, or sentAt",
)
FAILED = Family(
    "moderation",
    identity.judged_routing,
    identity.failure_identity,
    "the message's",
    "message id, completedAt, hash of the body",
    "completedAt",
    content=_whole,
)
CAMPAIGN = Family(
    "campaign",
    identity.campaign_routing,
    identity.campaign_identity,
    "none; by receiver, else by campaign",
    "id, campaign, status, all times",
    "what the trigger names, or updatedAt",
)
PIN = Family(
    "conversation",
    identity.pin_routing,
    identity.pin_identity,
    "the pinned one, if named",
    "hash of the body",
    "pinnedAt",
    content=_whole,
)
OTHER = Family(
    "other",
    identity.no_routing,
    identity.content_identity,
    "none",
    "hash of the body (for minutes)",
    "none",
    content=_whole,
)
NESTED_OTHER = Family(
    "other",
    identity.message_routing,
    identity.content_identity,
    "the message's, if there is one",
    OTHER.repeat,
    "sentAt, or updatedAt",
    content=_whole,
)
