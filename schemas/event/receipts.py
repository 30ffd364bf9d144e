"""Receipts, the same for every shape that CometChat writes them in. Times are UTC."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from comethooks.schemas.event.people import User, user_of
from comethooks.schemas.event.views import View, lazy, moment, object_in
from comethooks.schemas.wire.rules import to_id, to_party, to_receiver_type


class Receipt(View):
    """`user` received or read a message; of `message_…_all`, everybody did."""

    _shown: ClassVar[tuple[str, ...]] = ("message_id", "action")

    def __init__(self, wire: Mapping[str, Any], action: str) -> None:
        """`wire` is the `data` of a body, `action` `delivered` or `read`."""
        super().__init__(wire)
        self.__dict__["action"] = action

    action: str
    """`delivered` or `read`."""

    @lazy
    def message_id(self: "Receipt") -> str:
        """The message's id."""
        return to_id(self._about.get("messageId")) or ""

    @lazy
    def user(self: "Receipt") -> User:
        """Who received or read it; without a uid when it is told of all."""
        return user_of(self._body.get("user") if self._body else self._wire.get("receiptSender"))

    @lazy
    def at(self: "Receipt") -> datetime | None:
        """When."""
        legacy_key = "readAt" if self.action == "read" else "deliveredAt"
        return moment(self._body.get("timestamp") if self._body else self._wire.get(legacy_key))

    @lazy
    def message_sender(self: "Receipt") -> str | None:
        """The uid of who wrote the message."""
        return to_party(self._wire.get("messageSender"))

    @lazy
    def receiver_type(self: "Receipt") -> str | None:
        """`user` or `group`."""
        return to_receiver_type(self._wire.get("receiverType"))

    @lazy
    def receiver(self: "Receipt") -> str | None:
        """The uid or guid that the receipt goes to."""
        return to_party(self._wire.get("receiver")) or to_party(self._wire.get("receiptReceiver"))

    @lazy
    def _body(self: "Receipt") -> dict[str, Any]:
        return object_in(self._wire.get("body"))

    @lazy
    def _about(self: "Receipt") -> Mapping[str, Any]:
        return self._body or self._wire
