"""Receipts: the two triggers have the same names in both generations of webhooks, and different shapes."""

from collections.abc import Mapping
from typing import Any

from schemas.envelope import EnvelopeSchema, Family, Shape, WireSchema
from schemas.fields import Id, Object, Party, ReceiverType, Text, Time

_LEGACY_MARKS = frozenset(("messageId", "receiptType", "receiptSender", "deliveredAt", "readAt"))


class _UserSchema(WireSchema):
    uid = Text()


class _ReceiptSchema(WireSchema):
    messageId = Id()
    user = Object(_UserSchema)
    timestamp = Time()


class _CurrentDataSchema(WireSchema):
    body = Object(_ReceiptSchema)
    messageSender = Party()
    receiver = Party()
    receiverType = ReceiverType()


class CurrentReceiptSchema(EnvelopeSchema):
    """The body of a current receipt: the message and the reader are under `data.body`."""

    data = Object(_CurrentDataSchema, required=True)


class _LegacyDataSchema(WireSchema):
    messageId = Id()
    deliveredAt = Time()
    readAt = Time()
    messageSender = Party()
    receiptSender = Party()
    receiptReceiver = Party()
    receiverType = ReceiverType()


class LegacyReceiptSchema(EnvelopeSchema):
    """The body of a legacy receipt: everything is in `data`."""

    data = Object(_LegacyDataSchema, required=True)


def is_current(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a current receipt."""
    return data.get("body") is not None or data.get("type") == "receipts"


def is_legacy(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a legacy receipt."""
    return not _LEGACY_MARKS.isdisjoint(data)


def _current_subject(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": data["body"]["messageId"],
        "who": data["body"]["user"]["uid"],
        "at": data["body"]["timestamp"],
        "messageSender": data["messageSender"],
        "receiver": data["receiver"],
        "receiverType": data["receiverType"],
    }


def _legacy(time_key: str) -> Shape:
    def subject(data: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": data["messageId"],
            "who": data["receiptSender"],
            "at": data[time_key],
            "messageSender": data["messageSender"],
            "receiver": data["receiptReceiver"],
            "receiverType": data["receiverType"],
        }

    return Shape("legacy", Family.RECEIPT, LegacyReceiptSchema, is_legacy, subject)


CURRENT = Shape("current", Family.RECEIPT, CurrentReceiptSchema, is_current, _current_subject)
LEGACY_DELIVERED = _legacy("deliveredAt")
LEGACY_READ = _legacy("readAt")
