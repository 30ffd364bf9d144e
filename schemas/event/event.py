"""The event as plugins see it: typed, immutable, lazy, the same for both generations."""

from functools import lru_cache
from typing import Any, ClassVar

from comethooks.schemas.event.calls import STATUS_TOLD, Call, Recording
from comethooks.schemas.event.campaigns import Campaign
from comethooks.schemas.event.cards import Card, card_of
from comethooks.schemas.event.interactions import ReceivedInteraction
from comethooks.schemas.event.interactive import Interactive, interactive_of
from comethooks.schemas.event.messages import MARK_IN_BODY, Action, Message
from comethooks.schemas.event.moderation import STATUS_CALLED, Moderation, context_in
from comethooks.schemas.event.notifications import Notification
from comethooks.schemas.event.ours import MadeHere
from comethooks.schemas.event.people import Group, Member, User, members_of, user_of, users_of
from comethooks.schemas.event.presence import Presence
from comethooks.schemas.event.reactions import Reaction
from comethooks.schemas.event.receipts import Receipt
from comethooks.schemas.event.views import lazy, object_in
from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.table import ECHO, entry_of
from comethooks.schemas.wire.envelope import at, data_of
from comethooks.schemas.wire.moderation import reviewed_in
from comethooks.schemas.wire.rules import to_object, to_party, to_text
from comethooks.schemas.wire.shapes import changed_in, is_nested, message_in

_OF_MESSAGES = (families.MESSAGE, families.IN_FLIGHT, families.CHANGE, families.JUDGED)
_OF_CALLS = (families.CALL, families.SESSION)
_OF_AUTHORS = (families.MESSAGE, families.IN_FLIGHT, families.CHANGE, families.REVIEW)
"""What who wrote a message did: all else about it comes of others."""
_INHERITED = ("conversationId", "sender", "receiver", "receiverType")
"""What the documented body of a deletion says of the message in the action only."""


class Event(MadeHere):
    """Something that happened in CometChat, as it was kept.

    `source` is who sent it (`"cometchat"`), `name` the canonical name (None for a trigger that we
    do not know), `app_id` the tenant, `replay` the name of the replay that this is part of (None
    when live). Of a message in flight, `decision` is what was answered (`"allow"`, `"drop"` or
    `"annotate"`; None if nobody decided), and `votes` are what each decider said. Nothing is
    decoded before it is asked for, and nothing can be changed.
    """

    _kinds: ClassVar[dict[families.Family, type["Event"]]] = {}

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

    @lazy
    def message(self: "Event") -> Message | None:
        """The message that it is about, also an edited or deleted one; None without a message."""
        if self.notification is not None:
            return self.notification.message
        wire = self._message_wire
        return None if wire is None else Message(wire)

    @lazy
    def interactive(self: "Event") -> Interactive | None:
        """The form, the card or the scheduler that `message` is; None when it is none."""
        return interactive_of(self.message)

    @lazy
    def card(self: "Event") -> Card | None:
        """What `message` has to be drawn, if it is of the category `card`; else None."""
        return card_of(self.message)

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
    def is_own(self: "Event") -> bool:
        """Whether a plugin of ours did it with `ctx.cometchat`: it sent, edited or deleted
        `message`. Handlers do not get that without `own=True`.

        What others do with such a message, as to read, block or delete it, is not our own.
        """
        if MARK_IN_BODY not in self._raw or self._family not in _OF_AUTHORS:
            return False
        message = self.message
        if message is None or message.sent_by is None:
            return False
        told = message.deleted_by if self.deleted else message.edited_by if self.edited else None
        actor = told or (self.sender.uid if self.sender else None)
        return actor is None or actor == message.sender.uid

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
        about = self.notification or self.message
        receiver = about.receiver if about is not None else None
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
        """What moderation says of `message`, or asks about it; None for other events."""
        if self._family is families.REVIEW:
            return Moderation({"message": self._message_wire}, "pending")
        if self._family not in (families.JUDGED, families.FAILED):
            return None
        status = (self.name or "").rpartition(".")[2]
        return Moderation(data_of(self._body), STATUS_CALLED.get(status, status))

    @lazy
    def context(self: "Event") -> tuple[tuple[str, str], ...]:
        """What was said before the `message` that moderation asks about: uid and text."""
        if self._family is not families.REVIEW:
            return ()
        return context_in(data_of(self._body).get("contextMessages"))

    @lazy
    def rule(self: "Event") -> str | None:
        """What the URL of the list that asks about `message` calls its rule; else None."""
        return to_text(self._body.get("rule")) if self._family is families.REVIEW else None

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
    def notification(self: "Event") -> Notification | None:
        """What a custom provider of notifications is to send; None for other events."""
        if self._family is not families.NOTIFICATION:
            return None
        return Notification(data_of(self._body), self.trigger.partition("-")[0])

    @lazy
    def interaction(self: "Event") -> ReceivedInteraction | None:
        """Who pressed what of an interactive message; None for other events."""
        if self._family is not families.INTERACTION:
            return None
        return ReceivedInteraction(self._body, self._headers, self.received_at)

    @lazy
    def mentions(self: "Event") -> tuple[User, ...]:
        """Whom `message` mentions."""
        return () if self.message is None else self.message.mentions

    @lazy
    def sender(self: "Event") -> User | None:
        """Who wrote, reacted, read, pressed or changed the group; None when unknown."""
        user = self._causer
        return user if user is not None and user.uid else None

    @lazy
    def _causer(self: "Event") -> User | None:
        if self.notification is not None:
            return self.notification.sender
        if self.completion is not None:
            return user_of(self.completion.user)
        if self.interaction is not None:
            return user_of(self.interaction.user)
        if self._outer_wire is not None:
            if self.message is not None and self._outer_wire is self._message_wire:
                return self.message.sender
            return Message(self._outer_wire).sender
        for thing in (self.receipt, self.reaction, self.presence):
            if thing is not None:
                return thing.user
        if self._family is families.CALL and self.call is not None:
            return self.call.initiator
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
            return to_object(data.get("call"))
        if self._family is families.FAILED:
            return object_in(data.get("resource"))
        if self._family is families.REVIEW:
            return object_in(reviewed_in(data.get("contextMessages")))
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
    def _action_name(self: "Event") -> str:
        return "" if self.action is None else self.action.name


@lru_cache(maxsize=1024)
def kind_of(trigger: str, source: str) -> type[Event]:
    """The class of the events of a trigger: one of those in `kinds`, or `Event`. Remembered, since
    every event is asked about.
    """
    return Event._kinds.get(entry_of(trigger, source).family, Event)
