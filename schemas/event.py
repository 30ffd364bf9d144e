"""The event as plugins see it: typed, immutable, the same for both generations of webhooks, and lazy."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, overload

from schemas.builders import message_from, presence_from, receipt_from
from schemas.decoding import decode
from schemas.envelope import Family, data_of
from schemas.messages import is_nested, message_in
from schemas.objects import Message, Presence, Receipt, User
from schemas.readonly import ReadOnlyDict
from schemas.rules import to_datetime, to_text
from schemas.triggers import entry_for

T = TypeVar("T")


class _Lazy(Generic[T]):
    """An attribute that is built when first asked for. Two threads may build it; both get the same one."""

    def __init__(self, build: Callable[["Event"], T]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, event: None, owner: type) -> "_Lazy[T]": ...

    @overload
    def __get__(self, event: "Event", owner: type) -> T: ...

    def __get__(self, event: "Event | None", owner: type) -> "T | _Lazy[T]":
        if event is None:
            return self
        # Python looks here only until the instance has an attribute of this name.
        value: T = event.__dict__.setdefault(self._name, self._build(event))
        return value


class Event:
    """Something that happened in CometChat, as it was kept.

    `source` is who sent it (`"cometchat"`), `name` the canonical name (None for a trigger that we do not
    know), `app_id` the tenant, `replay` the name of the replay that this is part of (None when live).
    Nothing is decoded before it is asked for, and nothing can be changed.
    """

    id: str
    source: str
    trigger: str
    name: str | None
    app_id: str | None
    conversation_id: str | None
    replay: str | None
    _raw: bytes
    _occurred_ms: int | None
    _received_ms: int

    def __init__(
        self,
        *,
        id: str,
        source: str,
        trigger: str,
        name: str | None,
        app_id: str | None,
        conversation_id: str | None,
        occurred_at: int | None,
        received_at: int,
        raw: bytes,
        replay: str | None = None,
    ) -> None:
        """`occurred_at` and `received_at` are milliseconds since the epoch, `raw` is the body as it came."""
        self.__dict__.update(
            id=id,
            source=source,
            trigger=trigger,
            name=name,
            app_id=app_id,
            conversation_id=conversation_id,
            replay=replay,
            _raw=raw,
            _occurred_ms=occurred_at,
            _received_ms=received_at,
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"an event cannot be changed (tried to set {name!r})")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an event cannot be changed (tried to delete {name!r})")

    def __repr__(self) -> str:
        return f"<Event {self.trigger!r} {self.id}>"

    @_Lazy
    def occurred_at(self) -> datetime | None:
        """When it happened, as CometChat says; None when it does not say."""
        return to_datetime(self._occurred_ms)

    @_Lazy
    def received_at(self) -> datetime:
        """When it came in."""
        return datetime.fromtimestamp(self._received_ms / 1000, UTC)

    @_Lazy
    def payload(self) -> Mapping[str, Any]:
        """The body, decoded, as a read-only view; `payload.copy()` is a plain dict."""
        return ReadOnlyDict(self._body)

    @_Lazy
    def region(self) -> str | None:
        """The region of the app: `us`, `eu` or `in`."""
        return self._envelope_text("region")

    @_Lazy
    def webhook(self) -> str | None:
        """The id of the webhook that sent it."""
        return self._envelope_text("webhook")

    @_Lazy
    def message(self) -> Message | None:
        """The message that it is about; None for an event without one."""
        data = data_of(self._body)
        family = entry_for(self.trigger).family
        if family is None:
            return message_from(data["message"]) if is_nested(data) and "sender" in data["message"] else None
        return message_from(message_in(data)) if family is Family.MESSAGE else None

    @_Lazy
    def receipt(self) -> Receipt | None:
        """Who received or read which message; None for other events."""
        entry = entry_for(self.trigger)
        if entry.family is not Family.RECEIPT:
            return None
        action = "read" if entry.canonical == "message.read" else "delivered"
        return receipt_from(data_of(self._body), action)

    @_Lazy
    def presence(self) -> Presence | None:
        """Who connected or disconnected; None for other events."""
        is_presence = entry_for(self.trigger).family is Family.PRESENCE
        return presence_from(data_of(self._body)) if is_presence else None

    @_Lazy
    def sender(self) -> User | None:
        """Who caused it: the sender of a message, the reader, the user who connected; None when unknown."""
        if self.message is not None:
            return self.message.sender
        if self.receipt is not None:
            return self.receipt.user
        return None if self.presence is None else self.presence.user

    @_Lazy
    def _body(self) -> dict[str, Any]:
        return decode(self._raw)

    def _envelope_text(self, key: str) -> str | None:
        # CometChat's documentation prints keys that may be absent with a "?" at their end.
        return to_text(self._body.get(key)) or to_text(self._body.get(f"{key}?"))
