"""Receipts, whose triggers have one name and two shapes in the two generations of webhooks."""

from collections.abc import Mapping
from typing import Any

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Id, Object, Party, ReceiverType, Text, Time
from comethooks.schemas.wire.people import UserSchema

_LEGACY_MARKS = frozenset(("messageId", "receiptType", "receiptSender", "deliveredAt", "readAt"))


class _ReceiptSchema(WireSchema):
    action = Text()
    messageId = Id()
    muid = Id()
    conversationId = Text()
    user = Object(UserSchema)
    timestamp = Time()


class _CurrentReceiptDataSchema(WireSchema):
    type = Text()
    body = Object(_ReceiptSchema)
    sender = Party(UserSchema)
    messageSender = Party(UserSchema)
    receiver = Party(UserSchema)
    receiverType = ReceiverType()
    conversationId = Text()


class CurrentReceiptSchema(EnvelopeSchema):
    """The body of a current receipt: the message and the reader are under `data.body`."""

    data = Object(_CurrentReceiptDataSchema, required=True)


class _LegacyReceiptDataSchema(WireSchema):
    messageId = Id()
    receiptType = Text()
    deliveredAt = Time()
    readAt = Time()
    messageSender = Party(UserSchema)
    receiptSender = Party(UserSchema)
    receiptReceiver = Party(UserSchema)
    receiverType = ReceiverType()


class LegacyReceiptSchema(EnvelopeSchema):
    """The body of a legacy receipt: everything is in `data`."""

    data = Object(_LegacyReceiptDataSchema, required=True)


def is_current(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a current receipt."""
    return data.get("body") is not None or data.get("type") == "receipts"


def is_legacy(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a legacy receipt."""
    return not _LEGACY_MARKS.isdisjoint(data)


CURRENT = Shape(
    "current",
    CurrentReceiptSchema,
    is_current,
    {
        "who": "data.body.user.uid",
        "at": "data.body.timestamp",
        "messageSender": "data.messageSender",
        "receiver": "data.receiver",
        "receiverType": "data.receiverType",
        "conversationId": "data.conversationId|data.body.conversationId",
    },
)


def _legacy(time_key: str) -> Shape:
    return Shape(
        "legacy",
        LegacyReceiptSchema,
        is_legacy,
        {
            "who": "data.receiptSender",
            "at": f"data.{time_key}",
            "messageSender": "data.messageSender",
            "receiver": "data.receiptReceiver",
            "receiverType": "data.receiverType",
        },
    )


LEGACY_DELIVERED = _legacy("deliveredAt")
LEGACY_READ = _legacy("readAt")
