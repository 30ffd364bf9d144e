"""Who is connected, the same for both generations of webhooks. Times are UTC."""

from datetime import datetime
from typing import Any, ClassVar

from comethooks.schemas.event.people import User
from comethooks.schemas.event.views import (
    View,
    identifier,
    lazy,
    moment,
    object_in,
    objects_in,
    text,
    time,
)
from comethooks.schemas.wire.rules import to_flag, to_text


class Connection(View):
    """One connection of a user; `platform` is what the client calls itself."""

    _shown: ClassVar[tuple[str, ...]] = ("platform",)

    session = identifier("session_id", "sessionId")
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
        """Whether the user's presence changed: of two devices one may go."""
        return to_flag(self._wire.get("userPresenceChanged", self._user.get("status_updated")))

    @lazy
    def at(self: "Presence") -> datetime | None:
        """When."""
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
    def connected_at(self: "Presence") -> datetime | None:
        """When the connection was opened."""
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
