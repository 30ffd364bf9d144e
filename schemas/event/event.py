"""The event as plugins see it: typed, immutable, lazy, the same for both generations."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from comethooks.schemas.decoding import decode
from comethooks.schemas.event.calls import STATUS_TOLD, Call, Recording
from comethooks.schemas.event.campaigns import Campaign
from comethooks.schemas.event.messages import Action, Message
from comethooks.schemas.event.moderation import STATUS_CALLED, Moderation
from comethooks.schemas.event.people import Group, Member, User, members_of, user_of, users_of
from comethooks.schemas.event.presence import Presence
from comethooks.schemas.event.reactions import Reaction
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.receipts import Receipt
from comethooks.schemas.event.views import Frozen, lazy, object_in
from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.table import COMETCHAT, ECHO, OURS, UNKNOWN, entry_for
from comethooks.schemas.triggers.trigger import Form, Trigger
from comethooks.schemas.wire.envelope import at, data_of
from comethooks.schemas.wire.rules import to_datetime, to_party, to_text
from comethooks.schemas.wire.shapes import changed_in, is_nested, message_in

_OF_MESSAGES = (families.MESSAGE, families.IN_FLIGHT, families.CHANGE, families.JUDGED)
_OF_CALLS = (families.CALL, families.SESSION)
_INHERITED = ("conversationId", "sender", "receiver", "receiverType")
"""What the documented body of a deletion says of the message in the action only."""


class Event(Frozen):
    """Something that happened in CometChat, as it was kept.

    `source` is who sent it (`"cometchat"`), `name` the canonical name (None for a trigger that we
    do not know), `app_id` the tenant, `replay` the name of the replay that this is part of (None
    when live). Nothing is decoded before it is asked for, and nothing can be changed.
    """

    _shown: ClassVar[tuple[str, ...]] = ("trigger", "id")
    _kinds: ClassVar[dict[families.Family, type["Event"]]] = {}

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

    def __init_subclass__(cls, families: tuple[families.Family, ...]) -> None:
        """Make events of these families instances of the class."""
        Event._kinds.update(dict.fromkeys(families, cls))

    def __new__(cls, *, source: str, trigger: str, **given: Any) -> "Event":
        """An event of the kind that its trigger says."""
        # Told by the trigger alone: a handler that reads nothing has nothing decoded.
        kind = kind_of(trigger, source)
        if not issubclass(kind, cls):
            raise TypeError(f"an event of {trigger} is of the kind {kind.__name__}")
        return super().__new__(kind)

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
        """Times are milliseconds since the epoch; `raw` is the body as it came."""
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

    def __repr__(self) -> str:
        return f"<Event {self.trigger!r} {self.id}>"

    @lazy
    def occurred_at(self: "Event") -> datetime | None:
        """When it happened, as CometChat says; None when it does not say."""
        return to_datetime(self._occurred_ms)

    @lazy
    def received_at(self: "Event") -> datetime:
        """When it came in."""
        return datetime.fromtimestamp(self._received_ms / 1000, UTC)

    @property
    def raw(self) -> bytes:
        """The body, byte for byte as it was kept."""
        return self._raw

    @lazy
    def payload(self: "Event") -> Mapping[str, Any]:
        """The body, decoded, as a read-only view; `payload.copy()` is a plain dict."""
        return ReadOnlyDict(self._body)

    @lazy
    def parent(self: "Event") -> str | None:
        """The id of the event that a handler made this one of; None if it came from outside."""
        return to_text(self._parent.get("id"))

    @lazy
    def depth(self: "Event") -> int:
        """How many events above it were made of one another; 0 for what came from outside."""
        found = self._parent.get("depth")
        return found if isinstance(found, int) and self.source == OURS else 0

    @lazy
    def region(self: "Event") -> str | None:
        """The region of the app: `us`, `eu` or `in`."""
        return self._envelope_text("region")

    @lazy
    def webhook(self: "Event") -> str | None:
        """The id of the webhook that sent it."""
        return self._envelope_text("webhook")

    @lazy
    def message(self: "Event") -> Message | None:
        """The message that it is about, also an edited or deleted one; None without a message."""
        wire = self._message_wire
        return None if wire is None else Message(wire)

    @lazy
    def edited(self: "Event") -> bool:
        """Whether it tells of an edit of `message`; an echo does so once more."""
        return self.name == "message.edited" or (self.is_echo and self._action_name == "edited")

    @lazy
    def deleted(self: "Event") -> bool:
        """Whether it tells of the deletion of `message`."""
        return self.name == "message.deleted" or (self.is_echo and self._action_name == "deleted")

    @lazy
    def is_echo(self: "Event") -> bool:
        """Whether it is a `message_sent` that only repeats what `message_edited` told."""
        return self.name == ECHO

    @lazy
    def action(self: "Event") -> Action | None:
        """Who did what to whom, for messages of category `action` and `call`; else None."""
        wire = self._outer_wire
        return (
            Action(wire)
            if wire is not None and wire.get("category") in ("action", "call")
            else None
        )

    @lazy
    def call(self: "Event") -> Call | None:
        """The call or meeting that it is about; None for other events."""
        data = data_of(self._body)
        if self._family in _OF_CALLS:
            wire = object_in(data.get("call")) or data
            return Call(wire, STATUS_TOLD.get(self.trigger, ""), to_text(self._body.get("type")))
        wire = self._outer_wire or {}
        return Call(wire, "", None) if wire.get("category") == "call" else None

    @lazy
    def receipt(self: "Event") -> Receipt | None:
        """Who received or read which message; None for other events."""
        if self._family is not families.RECEIPT:
            return None
        return Receipt(data_of(self._body), "read" if "read" in (self.name or "") else "delivered")

    @lazy
    def reaction(self: "Event") -> Reaction | None:
        """Who reacted to which message; None for other events."""
        if self._family is not families.REACTION:
            return None
        return Reaction(object_in(data_of(self._body).get("reaction")))

    @lazy
    def presence(self: "Event") -> Presence | None:
        """Who connected or disconnected; None for other events."""
        return Presence(data_of(self._body)) if self._family is families.PRESENCE else None

    @lazy
    def group(self: "Event") -> Group | None:
        """The group that it is about, or that a message was sent to; None for other events."""
        if self._family is families.GROUP:
            return Group(object_in(data_of(self._body).get("group")))
        receiver = self.message.receiver if self.message is not None else None
        return receiver if isinstance(receiver, Group) else None

    @lazy
    def members(self: "Event") -> tuple[Member, ...]:
        """Whose membership of `group` changed.

        For a ban on behalf of somebody, CometChat lists the one who acted instead of the one
        who was banned (seen live).
        """
        data = data_of(self._body)
        return members_of(data.get("members")) if self._family is families.GROUP else ()

    @lazy
    def users(self: "Event") -> tuple[User, ...]:
        """Who was blocked or unblocked by `sender`."""
        return users_of(data_of(self._body).get("users")) if self._family is families.BLOCK else ()

    @lazy
    def moderation(self: "Event") -> Moderation | None:
        """What moderation says of `message`; None for other events."""
        if self._family not in (families.JUDGED, families.FAILED):
            return None
        status = (self.name or "").rpartition(".")[2]
        return Moderation(data_of(self._body), STATUS_CALLED.get(status, status))

    @lazy
    def recording(self: "Event") -> Recording | None:
        """The recording or transcript that is ready; None for other events."""
        if self._family is not families.RECORDING:
            return None
        return Recording(data_of(self._body), self.trigger.partition("_")[0])

    @lazy
    def campaign(self: "Event") -> Campaign | None:
        """The campaign, or what of it was sent; None for other events."""
        return Campaign(data_of(self._body)) if self._family is families.CAMPAIGN else None

    @lazy
    def mentions(self: "Event") -> tuple[User, ...]:
        """Whom `message` mentions."""
        return () if self.message is None else self.message.mentions

    @lazy
    def sender(self: "Event") -> User | None:
        """Who wrote, reacted, read, connected, or changed the group; None when unknown."""
        user = self._causer
        return user if user is not None and user.uid else None

    @lazy
    def _causer(self: "Event") -> User | None:
        if self._outer_wire is not None:
            if self.message is not None and self._outer_wire is self._message_wire:
                return self.message.sender
            return Message(self._outer_wire).sender
        for thing in (self.receipt, self.reaction, self.presence):
            if thing is not None:
                return thing.user
        return self._by

    @lazy
    def _by(self: "Event") -> User | None:
        if self._family not in (families.GROUP, families.BLOCK, families.PIN):
            return None
        # Where routing looks too, so that both name the same user.
        paths = self._form.shape.subject[self._family.sender[0]].split("|")
        found = (at(self._body, path.split(".")) for path in paths)
        known = next((value for value in found if to_party(value)), None)
        if known is not None:
            return user_of(known)
        return min(self.members, key=lambda member: member.uid, default=None)

    @lazy
    def _outer_wire(self: "Event") -> dict[str, Any] | None:
        """The message, or the action on a message, as it stands in the body."""
        data = data_of(self._body)
        if self._family in _OF_MESSAGES:
            return dict(message_in(data)) if not is_nested(data) else data["message"]
        if self._family is families.CALL:
            return object_in(data.get("call"))
        if self._family is families.FAILED:
            return object_in(data.get("resource"))
        return data["message"] if is_nested(data) and "sender" in data["message"] else None

    @lazy
    def _message_wire(self: "Event") -> dict[str, Any] | None:
        outer = self._outer_wire
        changed = None if outer is None else changed_in(outer)
        if outer is None or changed is None:
            return outer
        # The documented body of a deletion leaves some fields to the action around the message.
        inherited = {key: outer[key] for key in _INHERITED if key in outer and not changed.get(key)}
        return {**changed, **inherited}

    @lazy
    def _parent(self: "Event") -> dict[str, Any]:
        return object_in(self._body.get("parent")) if self.source == OURS else {}

    @lazy
    def _action_name(self: "Event") -> str:
        return "" if self.action is None else self.action.name

    @lazy
    def _family(self: "Event") -> families.Family:
        return self._form.family

    @lazy
    def _form(self: "Event") -> Form:
        return self._entry.form_of(self._body)

    @lazy
    def _entry(self: "Event") -> Trigger:
        return _entry(self.trigger, self.source)

    @lazy
    def _body(self: "Event") -> dict[str, Any]:
        return decode(self._raw)

    def _envelope_text(self, key: str) -> str | None:
        # CometChat's documentation prints keys that may be absent with a "?" at their end.
        return to_text(self._body.get(key)) or to_text(self._body.get(f"{key}?"))


def kind_of(trigger: str, source: str) -> type[Event]:
    """The class of the events of a trigger: one of those in `kinds`, or `Event`."""
    return Event._kinds.get(_entry(trigger, source).family, Event)


def _entry(trigger: str, source: str) -> Trigger:
    return entry_for(trigger) if source == COMETCHAT else UNKNOWN
