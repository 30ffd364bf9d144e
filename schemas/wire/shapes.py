"""How events about a message are written: nested, flat, or as an action on the message.

Current webhooks nest a message as `data.message`, legacy ones write its fields directly into
`data`. An edit or a deletion is documented as a message of category `action` whose `entities.on` is
the message that it is about; live webhooks give that message itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Object, Text
from comethooks.schemas.wire.messages import EntitiesSchema, MessageDataSchema, MessageSchema
from comethooks.schemas.wire.rules import to_text


class _NestedDataSchema(WireSchema):
    message = Object(MessageSchema)


class NestedMessageSchema(EnvelopeSchema):
    """The body of a current webhook about a message."""

    data = Object(_NestedDataSchema, required=True)


class FlatMessageSchema(EnvelopeSchema):
    """The body of a legacy webhook about a message, and of a callback to a bot."""

    data = Object(MessageSchema, required=True)


class _ChangedSchema(WireSchema):
    entity = Object(MessageSchema)
    entityType = Text()


class _ChangeEntitiesSchema(EntitiesSchema):
    on = Object(_ChangedSchema)


class _ChangeDataSchema(MessageDataSchema):
    entities = Object(_ChangeEntitiesSchema)


class _ActionOnMessageSchema(MessageSchema):
    data = Object(_ChangeDataSchema)


class _ChangeBodySchema(WireSchema):
    message = Object(_ActionOnMessageSchema)


class ChangeSchema(EnvelopeSchema):
    """The body of an edit or a deletion as it is documented: an action on the message."""

    data = Object(_ChangeBodySchema, required=True)


def is_nested(data: Mapping[str, Any]) -> bool:
    """Whether `data` holds a message of its own under `message`."""
    return isinstance(data.get("message"), dict)


def message_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that `data` holds, or else is."""
    return data["message"] if is_nested(data) else data


def changed_in(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The message that `message` is an action on; None when it is none, or does not hold it."""
    # The type tells an action on a message from one on a member; some bodies have none.
    if message.get("category") != "action" or to_text(message.get("type")) not in (None, "message"):
        return None
    found: Any = message.get("data")
    for key in ("entities", "on", "entity"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def subject_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that `data` is about: of an action on a message, which has an id of its own, that
    message.
    """
    message = data.get("message")
    if not isinstance(message, dict):
        message = data
    if message.get("category") != "action":
        return message
    return changed_in(message) or message


def is_change(data: Mapping[str, Any]) -> bool:
    """Whether `data` holds an action on a message."""
    return is_nested(data) and changed_in(data["message"]) is not None


_OF_A_MESSAGE = (
    "sender",
    "receiver",
    "receiverType",
    "category",
    "type",
    "conversationId",
    "sentAt",
    "updatedAt",
    "editedAt",
    "deletedAt",
    "pinnedAt",
    "unpinnedAt",
)


def subject_at(path: str) -> dict[str, str]:
    """Where a body says of the message at `path` what it is and where it belongs."""
    return {
        **{name: f"{path}.{name}" for name in _OF_A_MESSAGE},
        "action": f"{path}.data.action|{path}.action",
    }


_FLAT_MARKS = frozenset(("id", "sender"))
_OUTER, _CHANGED = "data.message", "data.message.data.entities.on.entity"

NESTED = Shape("nested", NestedMessageSchema, is_nested, subject_at(_OUTER))
ITSELF = replace(NESTED, fits=lambda data: is_nested(data) and not is_change(data))
"""A nested message that is no action on another one."""
FLAT = Shape(
    "flat",
    FlatMessageSchema,
    lambda data: not _FLAT_MARKS.isdisjoint(data) and not is_nested(data),
    subject_at("data"),
)
CHANGE = Shape(
    "action",
    ChangeSchema,
    is_change,
    {
        **{name: f"{_CHANGED}.{name}" for name in _OF_A_MESSAGE},
        "action": f"{_OUTER}.data.action|{_OUTER}.action",
        "updatedAt": f"{_OUTER}.updatedAt",
        **{
            name: f"{_OUTER}.{name}|{_CHANGED}.{name}"
            for name in ("sender", "receiver", "receiverType", "conversationId")
        },
    },
)
