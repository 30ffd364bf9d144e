"""What can happen beside messages and calls: receipts, reactions, presence, moderation, campaigns.

Each is the same for every shape that CometChat writes it in. Times are UTC.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks.schemas.event.people import User, user_of
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import (
    View,
    flag,
    identifier,
    lazy,
    mapping_in,
    moment,
    number,
    object_in,
    objects_in,
    string,
    strings,
    text,
    time,
)
from comethooks.schemas.wire.rules import to_flag, to_id, to_party, to_receiver_type, to_text


class Receipt(View):
    """`user` has had a message delivered, or has read it; with `message_delivered_to_all`,
    everybody has.
    """

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
    def at(self: "Receipt") -> Any:
        """When; a datetime or None."""
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


class Reaction(View):
    """`user` reacted with `emoji` to the message `message_id`, or took that back."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "message_id")

    id = identifier("id")
    message_id = identifier("messageId")
    emoji = string("reaction")
    at = time("reactedAt")

    @lazy
    def user(self: "Reaction") -> User:
        """Who reacted."""
        by = self._wire.get("reactedBy")
        return user_of(self._wire.get("uid") or by, by)


class Connection(View):
    """One connection of a user; `platform` is what the client calls itself."""

    _shown: ClassVar[tuple[str, ...]] = ("platform",)

    session = text("session_id", "sessionId")
    device = text("cometchat_device_id", "deviceId")
    platform = text("platform")
    connected_at = time("connected_at", "connectedAt")


class Presence(View):
    """A connection of `user` was opened or closed."""

    _shown: ClassVar[tuple[str, ...]] = ("uid", "status", "action")

    @lazy
    def uid(self: "Presence") -> str:
        """Whose."""
        return self.user.uid

    @lazy
    def user(self: "Presence") -> User:
        """Whose, with what the body says of them."""
        return User(self._user)

    @lazy
    def status(self: "Presence") -> str:
        """`online` or `offline`; empty when the body does not say."""
        return to_text(self._wire.get("status")) or to_text(self._user.get("status")) or ""

    @lazy
    def action(self: "Presence") -> str:
        """`connected` or `disconnected`; empty when the body does not say."""
        return to_text(self._current.get("action")) or to_text(self._event.get("type")) or ""

    @lazy
    def changed(self: "Presence") -> bool | None:
        """Whether the user's presence really changed: with two devices, one may go while the user
        stays.
        """
        return to_flag(self._wire.get("userPresenceChanged", self._user.get("status_updated")))

    @lazy
    def at(self: "Presence") -> Any:
        """When; a datetime or None."""
        times = (
            self._wire.get("timestamp"),
            self._event.get("at"),
            self._user.get("status_updated_at"),
        )
        return next((found for value in times if (found := moment(value)) is not None), None)

    @lazy
    def session(self: "Presence") -> str | None:
        """The id of the connection's session, which legacy webhooks tell."""
        return self._connection.session

    @lazy
    def device(self: "Presence") -> str | None:
        """CometChat's id of the device, which legacy webhooks tell."""
        return self._connection.device

    @lazy
    def platform(self: "Presence") -> str | None:
        """What the client calls itself: `javascript`, `android`, `ios`."""
        return self._connection.platform

    @lazy
    def connected_at(self: "Presence") -> Any:
        """When the connection was opened; a datetime or None."""
        return self._connection.connected_at

    @lazy
    def connections(self: "Presence") -> tuple[Connection, ...]:
        """Those that remain, where the body lists them, which legacy webhooks do."""
        return tuple(Connection(item) for item in objects_in(self._wire.get("connections")))

    @lazy
    def _user(self: "Presence") -> dict[str, Any]:
        return object_in(self._wire.get("user"))

    @lazy
    def _event(self: "Presence") -> dict[str, Any]:
        return object_in(self._wire.get("event"))

    @lazy
    def _current(self: "Presence") -> dict[str, Any]:
        return object_in(self._wire.get("currentConnection"))

    @lazy
    def _connection(self: "Presence") -> Connection:
        return Connection(self._current or object_in(self._event.get("event_for")))


class Moderation(View):
    """What moderation decided about `event.message`, or why it could not."""

    _shown: ClassVar[tuple[str, ...]] = ("status",)

    def __init__(self, wire: Mapping[str, Any], status: str) -> None:
        """`wire` is the `data` of a body, `status` what the event itself says."""
        super().__init__(wire)
        self.__dict__["_told"] = status

    _told: str
    reviewed = flag("reviewed")
    """Whether a person looked at it."""
    outcome = text("outcome")
    """What became of a message that could not be judged."""
    completed_at = time("completedAt")

    @lazy
    def status(self: "Moderation") -> str:
        """`approved`, `disapproved`, `pending`, or `failed`."""
        message = object_in(self._wire.get("message"))
        found = object_in(object_in(message.get("data")).get("moderation")).get("status")
        return to_text(found) or self._told

    @lazy
    def rules(self: "Moderation") -> tuple[Mapping[str, Any], ...]:
        """The rules that the message met, each with its `id` and `name`, read-only."""
        rules = (object_in(item.get("rule")) for item in objects_in(self._wire.get("moderation")))
        return tuple(ReadOnlyDict(rule) for rule in rules if rule)

    @lazy
    def failures(self: "Moderation") -> tuple[Mapping[str, Any], ...]:
        """What went wrong, each with a `category` and an `errorMessage`, read-only."""
        return tuple(ReadOnlyDict(item) for item in objects_in(self._wire.get("failures")))


class Campaign(View):
    """A campaign, or a notification, feed item or push that it sent."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "status")

    campaign_id = identifier("campaignId")
    notification_id = identifier("notificationId")
    template_id = identifier("templateId")
    name = text("name")
    status = text("status")
    receiver = text("receiver")
    """A uid; None for what goes to many."""
    label = text("label")
    tag = text("tag")
    tags = strings("tags")
    category = text("category", "templateCategory")
    channel = text("channelType")
    total_targets = number("totalTargets")
    sent_count = number("sentCount")
    failed_count = number("failedCount")
    created_at = time("createdAt")
    sent_at = time("sentAt")
    delivered_at = time("deliveredAt")
    read_at = time("readAt")
    clicked_at = time("clickedAt")
    interacted_at = time("interactedAt")
    completed_at = time("completedAt")

    @lazy
    def id(self: "Campaign") -> str:
        """The id of what the event is about: the push, the feed item, the notification or the
        campaign.
        """
        keys = ("pushNotificationId", "id", "notificationId", "campaignId")
        return next((found for key in keys if (found := to_id(self._wire.get(key)))), "")

    @lazy
    def metadata(self: "Campaign") -> Mapping[str, Any]:
        """What its author added to it, read-only."""
        return mapping_in(self._wire.get("metadata"))
