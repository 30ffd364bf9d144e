"""The table of families: which fields tell a repeat, a conversation and a time of an event.

The names are those of the subject that the shapes of `schemas.wire` give, and three that are made
here: `conversation`, `content` (the hash of a part of the body), and the uids of `members` or
`users` with their scopes. `comethooks triggers` prints the table in words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from comethooks.schemas.triggers.identity import (
    Identity,
    Part,
    Routing,
    Subject,
    conversation_of,
)
from comethooks.schemas.wire.campaigns import CAMPAIGN_TIMES
from comethooks.schemas.wire.envelope import at, data_of
from comethooks.schemas.wire.rules import to_text
from comethooks.schemas.wire.shapes import changed_in, message_in

Body = Mapping[str, Any]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A part of the body that is hashed because no field tells it; `words` name it for people."""

    words: str
    of: Callable[[Body], Any]


# Compared by identity, because families are looked up by it for every event.
@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A kind of event.

    `repeats` holds one or several keys. Two events whose key is equal are one; the first key of
    which the event has everything counts, else the last one. `own_times` are the names in a key
    that are times of the event itself: without one, the key may only be remembered for minutes.
    `conversation` says for people whose conversation it is, and is empty when it belongs to none.
    Each of `sender`, `occurred` and `neighbours` is a choice: the first that has a value counts.
    """

    name: str
    repeats: tuple[Names, ...]
    own_times: Names = ()
    conversation: str = ""
    sender: Names = ()
    occurred: Names = ("at",)
    neighbours: tuple[tuple[str, str], ...] = ()
    """Of events without a conversation: the prefix of their key, and the name of what follows."""
    content: Content | None = None

    def routing(self, subject: Subject) -> Routing:
        """Where an event about `subject` belongs."""
        sender = _first(subject, self.sender)
        if isinstance(sender, dict):
            sender = min(sender, default=None)
        neighbours = None
        for kind, name in self.neighbours:
            if value := subject.get(name):
                neighbours = f"{kind}:{value}"
                break
        occurred = _first(subject, self.occurred)
        return Routing(conversation_of(subject, sender), sender, occurred, neighbours)

    def identity(self, subject: Subject) -> Identity:
        """What a repeat of an event about `subject` has in common with it."""
        *tokens, names = self.repeats
        for key in tokens:
            if all(map(subject.get, key)):
                names = key
                break
        parts = tuple([_part(subject[name]) for name in names])
        return Identity(parts, any(map(subject.get, self.own_times_in(names))))

    def own_times_in(self, key: Names) -> Names:
        """Those names of a key that are times of the event itself."""
        return tuple([name for name in key if name in self.own_times])


def _first(subject: Subject, names: Names) -> Any:
    for name in names:
        if value := subject.get(name):
            return value
    return None


def _part(value: Any) -> Part:
    """A value as part of a key; of users by uid, the uids and their scopes."""
    if not isinstance(value, dict):
        part: Part = value
        return part
    # With the scopes, because two changes of one member may come in the same second.
    scopes = (at(member, ("scope",)) for member in value.values())
    found = zip(value, map(to_text, scopes), strict=True)
    return ",".join(sorted(f"{uid}={scope}" for uid, scope in found))


def _said(body: Body) -> Any:
    message = message_in(data_of(body))
    return message.get("data") or message


def _said_now(body: Body) -> Any:
    message = message_in(data_of(body))
    message = changed_in(message) or message
    data = message.get("data")
    if isinstance(data, dict):
        # Who is involved does not count: they may be offline by a second delivery.
        data = {key: value for key, value in data.items() if key != "entities"}
    return message.get("text"), data


_DESCRIBING = ("name", "type", "description", "icon", "password", "tags", "metadata")
"""What an administrator writes about a group; the rest of it changes by itself."""


def _description(body: Body) -> Any:
    group = at(body, ("data", "group")) or {}
    return [group.get(key) for key in _DESCRIBING]


WHOLE = Content("hash of the body", lambda body: body)
_DATA = Content("hash of its data", _said)
_DATA_NOW = Content("hash of its data", _said_now)
_DESCRIPTION = Content(f"hash of {', '.join(_DESCRIBING[:4])}, …", _description)

_CHANGES = ("updatedAt", "editedAt", "deletedAt", "pinnedAt")
_STATE = ("id", *_CHANGES, "sentAt")
"""What tells two states of one message apart; without the times, two edits would be one event."""

MESSAGE = Family(
    "message",
    (_STATE,),
    own_times=(*_CHANGES, "sentAt"),
    conversation="the message's",
    sender=("sender",),
    occurred=("sentAt", "updatedAt"),
)
IN_FLIGHT = Family(
    "message in flight",
    # There is no id yet. A client gives a message the same muid however often it sends it.
    (("sender", "muid", "content"), ("conversation", "sender", "sentAt", "content")),
    own_times=("sentAt",),
    conversation="the message's",
    sender=("sender",),
    occurred=("sentAt", "updatedAt"),
    content=_DATA,
)
CHANGE = Family(
    "message",
    # With the content, because two edits may come in one second.
    ((*_STATE, "content"),),
    # Without sentAt: when a message was sent does not tell one change of it from another.
    own_times=_CHANGES,
    conversation="the message's",
    sender=("sender",),
    occurred=("editedAt", "deletedAt", "pinnedAt", "updatedAt", "sentAt"),
    content=_DATA_NOW,
)
RECEIPT = Family(
    "receipt",
    (("messageId", "who", "at"),),
    own_times=("at",),
    conversation="the message's",
    sender=("who",),
)
REACTION = Family(
    "reaction",
    (("id", "messageId", "who", "reaction", "at"),),
    own_times=("at",),
    conversation="the message's if named",
    sender=("who",),
)
PRESENCE = Family(
    "presence",
    (("uid", "action", "status", "at", "session", "since", "platform"),),
    own_times=("at",),
    sender=("uid",),
)
GROUP = Family(
    "group",
    (("guid", "owner", "members", "by", "at", "content"),),
    own_times=("at",),
    conversation="the group's",
    # Who joins or leaves does so without a `by`.
    sender=("by", "members"),
    content=_DESCRIPTION,
)
BLOCK = Family("block", (("by", "users"),), sender=("by",), occurred=())
CALL = Family(
    "call",
    (("session", "id", "action", "at"),),
    own_times=("at",),
    conversation="the call's",
    sender=("sender",),
    neighbours=(("call", "session"),),
)
SESSION = Family(
    "session",
    (("session", "who", "joined", "at"),),
    own_times=("at",),
    neighbours=(("call", "session"),),
)
RECORDING = Family(
    "recording",
    (("session", "id", "at"),),
    own_times=("at",),
    neighbours=(("call", "session"),),
)
JUDGED = Family(
    "moderation",
    (_STATE,),
    own_times=(*_CHANGES, "sentAt"),
    conversation="the message's",
    sender=("sender",),
    occurred=("updatedAt", "sentAt"),
)
FAILED = Family(
    "moderation",
    # A message may fail twice in one second, so all of the body tells.
    (("id", "at", "content"),),
    own_times=("at",),
    conversation="the message's",
    sender=("sender",),
    occurred=("at", "updatedAt", "sentAt"),
    content=WHOLE,
)
CAMPAIGN = Family(
    "campaign",
    (("id", "campaign", "status", *CAMPAIGN_TIMES),),
    own_times=CAMPAIGN_TIMES,
    neighbours=(("user", "receiver"), ("campaign", "id")),
)
PIN = Family(
    "conversation",
    # Nobody knows what the body tells, so all of it counts.
    (("at", "content"),),
    own_times=("at",),
    conversation="the pinned one if named",
    sender=("sender",),
    content=WHOLE,
)
OTHER = Family("other", (("content",),), occurred=(), content=WHOLE)
NESTED_OTHER = Family(
    "other",
    (("content",),),
    conversation="the message's if it has one",
    sender=("sender",),
    occurred=("sentAt", "updatedAt"),
    content=WHOLE,
)
