"""Notifications that a custom provider is to send. Times are UTC."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from comethooks.schemas.event.messages import Message
from comethooks.schemas.event.people import Group, User, party_of, user_of
from comethooks.schemas.event.views import (
    View,
    lazy,
    mapping_in,
    moment,
    object_in,
    objects_in,
)
from comethooks.schemas.triggers.identity import conversation_id
from comethooks.schemas.wire.rules import to_id, to_number, to_receiver_type, to_text


class Notification(View):
    """A push, an e-mail or an SMS to `recipient`."""

    _shown: ClassVar[tuple[str, ...]] = ("channel", "type")

    def __init__(self, wire: Mapping[str, Any], channel: str) -> None:
        """`wire` is the `data` of a body, `channel` `push`, `email` or `sms`."""
        super().__init__(wire)
        self.__dict__["channel"] = channel

    channel: str
    """`push`, `email` or `sms`."""

    @lazy
    def recipient(self: "Notification") -> User:
        """Who is to be notified, with `email` if that is known."""
        return User(object_in(self._wire.get("to")))

    @lazy
    def phone(self: "Notification") -> str | None:
        """The number that an SMS is to be sent to, if that is known."""
        return to_text(object_in(self._wire.get("to")).get("phno"))

    @lazy
    def type(self: "Notification") -> str:
        """`chat` or `call`."""
        return to_text(self._details.get("type")) or "chat"

    @lazy
    def title(self: "Notification") -> str:
        """The title of a push, the subject of an e-mail; empty for an SMS."""
        return to_text(self._details.get("title")) or to_text(self._wire.get("subject")) or ""

    @lazy
    def body(self: "Notification") -> str:
        """What is to be shown: of an e-mail the lines of `texts`."""
        told = to_text(self._details.get("body")) or to_text(self._wire.get("smsContent"))
        return told or "\n".join(self.texts)

    @lazy
    def texts(self: "Notification") -> tuple[str, ...]:
        """What an e-mail or SMS says of each unread message, the newest last."""
        found = (to_text(item.get("message")) for item in self._unread)
        return tuple(filter(None, found))

    @lazy
    def sender(self: "Notification") -> User | None:
        """Who wrote, or calls; of several the newest one. None when the body does not say."""
        known = self._details.get("sender")
        details = {
            "name": self._details.get("senderName"),
            "avatar": self._details.get("senderAvatar"),
        }
        newest = self._unread[-1].get("sender") if self._unread else None
        found = (user_of(known, details), user_of(self._wire.get("senderDetails")), user_of(newest))
        return next((user for user in found if user.uid), None)

    @lazy
    def receiver(self: "Notification") -> User | Group:
        """Where it was written to: the group, or who is to be notified."""
        if group := object_in(self._wire.get("groupDetails")):
            return Group(group)
        if not self._details:
            return self.recipient if self.message is None else self.message.receiver
        details = {
            "name": self._details.get("receiverName"),
            "avatar": self._details.get("receiverAvatar"),
        }
        return party_of(self.receiver_type, self._details.get("receiver"), details)

    @lazy
    def receiver_type(self: "Notification") -> str | None:
        """`user` or `group`."""
        if not self._details:
            return "group" if isinstance(self.receiver, Group) else "user"
        return to_receiver_type(self._details.get("receiverType"))

    @lazy
    def conversation_id(self: "Notification") -> str | None:
        """As CometChat names it, or else derived."""
        told = self._details.get("conversationId") or self._message_wire.get("conversationId")
        if named := to_text(told):
            return named
        receiver = self.receiver
        other = receiver.guid if isinstance(receiver, Group) else receiver.uid
        one = None if self.sender is None else self.sender.uid
        return conversation_id(self.receiver_type, other, one)

    @lazy
    def sent_at(self: "Notification") -> datetime | None:
        """When what it is about was sent."""
        return moment(self._details.get("sentAt")) or moment(self._message_wire.get("sentAt"))

    @lazy
    def message(self: "Notification") -> Message | None:
        """The message that it is about, the newest of several; None when it is not in the body."""
        return Message(self._message_wire) if self._message_wire else None

    @lazy
    def call_action(self: "Notification") -> str | None:
        """What happens to the call: `initiated`, `cancelled`, `unanswered`, …"""
        return to_text(self._details.get("callAction"))

    @lazy
    def call_type(self: "Notification") -> str | None:
        """`audio` or `video`."""
        return to_text(self._details.get("callType"))

    @lazy
    def session_id(self: "Notification") -> str | None:
        """The id of the call's session."""
        return to_id(self._details.get("sessionId"))

    @lazy
    def tag(self: "Notification") -> str | None:
        """What notifications that replace one another have in common."""
        return to_id(self._details.get("tag"))

    @lazy
    def unread_count(self: "Notification") -> int | float | None:
        """How many messages the recipient has not read, for the badge of an app."""
        return to_number(self._details.get("unreadMessageCount"))

    @lazy
    def custom(self: "Notification") -> Mapping[str, Any]:
        """What the app adds to each notification."""
        return mapping_in(self._details.get("custom"))

    @lazy
    def _details(self: "Notification") -> dict[str, Any]:
        return object_in(self._wire.get("notificationDetails"))

    @lazy
    def _unread(self: "Notification") -> list[dict[str, Any]]:
        return objects_in(self._wire.get("messages"))

    @lazy
    def _message_wire(self: "Notification") -> dict[str, Any]:
        newest = self._unread[-1] if self._unread else {}
        return object_in(self._details.get("message")) or object_in(newest.get("messageObject"))
