"""Messages: current webhooks nest one as `data.message`, legacy ones write its fields directly into `data`.

Only what acceptance, routing and the keys need is loaded; the rest of a message is read, lazily and without
refusing anything, by `schemas.objects`.
"""

from collections.abc import Mapping
from typing import Any

from schemas.envelope import EnvelopeSchema, Family, Shape, WireSchema
from schemas.fields import Id, Object, Party, ReceiverType, Text, Time


class MessageSchema(WireSchema):
    """One message. Webhooks give sender and receiver as uid or guid, SDK objects as a user or group."""

    id = Id()
    sender = Party()
    receiver = Party()
    receiverType = ReceiverType()
    category = Text()
    type = Text()
    conversationId = Text()
    muid = Id()
    sentAt = Time()
    updatedAt = Time()
    editedAt = Time()
    deletedAt = Time()
    pinnedAt = Time()


class _NestedDataSchema(WireSchema):
    message = Object(MessageSchema)


class NestedMessageSchema(EnvelopeSchema):
    """The body of a current webhook about a message."""

    data = Object(_NestedDataSchema, required=True)


class FlatMessageSchema(EnvelopeSchema):
    """The body of a legacy webhook about a message, and of a callback to a bot."""

    data = Object(MessageSchema, required=True)


def is_nested(data: Mapping[str, Any]) -> bool:
    """Whether `data` holds a message of its own under `message`."""
    return isinstance(data.get("message"), dict)


def message_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that `data` holds, or else is."""
    return data["message"] if is_nested(data) else data


NESTED = Shape("nested", Family.MESSAGE, NestedMessageSchema, is_nested, lambda data: data["message"])
FLAT = Shape(
    "flat",
    Family.MESSAGE,
    FlatMessageSchema,
    lambda data: "sender" in data and not is_nested(data),
    lambda data: data,
)
