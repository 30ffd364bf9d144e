"""What is derived from a loaded body: whom it concerns, in which order, and by what a repeat is
recognised.

CometChat sends no event id and no delivery id, so a repeat is told by what the event is about. Here
a *subject* is what a `Shape` gives for a loaded body: the same keys for every shape of a family.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from comethooks.schemas.wire.campaigns import CAMPAIGN_TIMES
from comethooks.schemas.wire.rules import to_text

Part = str | int | None
Subject = Mapping[str, Any]

_VERSION_TIMES = ("updatedAt", "editedAt", "deletedAt", "pinnedAt", "sentAt")
"""What tells two states of one message apart; without these, two edits would be one event."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Where an event belongs: `sender` is a uid, `occurred_at` milliseconds since the epoch.

    `neighbours` is what orders it when it belongs to no conversation.
    """

    conversation_id: str | None = None
    sender: str | None = None
    occurred_at: int | None = None
    neighbours: str | None = None

    @property
    def key(self) -> str:
        """Events of one key are handled in order; empty when the event has no neighbours."""
        if self.conversation_id:
            return self.conversation_id
        return self.neighbours or (f"user:{self.sender}" if self.sender else "")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a repeat of an event has in common with it; `has_time`: a time of occurrence is part of
    that.
    """

    parts: tuple[Part, ...]
    has_time: bool


def conversation_id(receiver_type: str | None, receiver: str | None, one: str | None) -> str | None:
    """CometChat's name for a conversation: `group_<guid>`, or the two uids, sorted, as
    `<a>_user_<b>`.

    `one` is a member of the conversation of two whose other member is `receiver`.
    """
    if not receiver:
        return None
    if receiver_type == "group":
        return f"group_{receiver}"
    return "_user_".join(sorted((one, receiver))) if one and receiver_type == "user" else None


def content_hash(value: Any, raw: bytes) -> str:
    """SHA-256, in hexadecimal, of `value` as canonical JSON, or of `raw` when it cannot be written
    as JSON.

    That is so for lone surrogates, integers beyond 64 bits and more than 254 levels.
    """
    try:
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        canonical = raw
    return hashlib.sha256(canonical).hexdigest()


def digest(parts: Iterable[Part]) -> bytes:
    """Sixteen bytes that stand for `parts`, each written with its length, so that none runs into
    the next.
    """
    written = "".join("-" if part is None else f"{len(text := str(part))}:{text}" for part in parts)
    return hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def message_identity(message: Subject) -> Identity:
    """A message in one of its states."""
    times = tuple(message[name] for name in _VERSION_TIMES)
    return Identity((message["id"], *times), any(times))


def change_identity(message: Subject) -> Identity:
    """A message that was changed; `content` is a hash of what it says, since two edits may come in
    one second.

    When it was sent does not tell one change from another.
    """
    times = tuple(message[name] for name in _VERSION_TIMES)
    changed = any(message[name] for name in _VERSION_TIMES if name != "sentAt")
    return Identity((message["id"], *times, message["content"]), has_time=changed)


def in_flight_identity(message: Subject) -> Identity:
    """A message that has no id yet; `content` is a hash of what it says."""
    if message["muid"]:
        return Identity((message["sender"], message["muid"], message["content"]), has_time=False)
    parts = (
        message_conversation(message),
        message["sender"],
        message["sentAt"],
        message["content"],
    )
    return Identity(parts, message["sentAt"] is not None)


def receipt_identity(receipt: Subject) -> Identity:
    """One user's receipt for one message; of all users when it names none."""
    return Identity(
        (receipt["messageId"], receipt["who"], receipt["at"]), receipt["at"] is not None
    )


def reaction_identity(reaction: Subject) -> Identity:
    """One reaction of one user to one message."""
    parts = tuple(reaction[name] for name in ("id", "messageId", "who", "reaction", "at"))
    return Identity(parts, reaction["at"] is not None)


def presence_identity(presence: Subject) -> Identity:
    """One connection of one user that was opened or closed."""
    names = ("uid", "action", "status", "at", "session", "since", "platform")
    return Identity(tuple(presence[name] for name in names), has_time=True)


def group_identity(group: Subject) -> Identity:
    """One change of a group, or of members of it; `content` is a hash of how it describes
    itself.
    """
    members = _of_members(group["members"])
    parts = (group["guid"], group["owner"], members, group["by"], group["at"], group["content"])
    return Identity(parts, group["at"] is not None)


def block_identity(block: Subject) -> Identity:
    """Who blocks whom. CometChat says no time, so the same may well happen again."""
    return Identity((block["by"], _of_members(block["users"])), has_time=False)


def call_identity(call: Subject) -> Identity:
    """One thing that happens to a call that rings."""
    return Identity(
        (call["session"], call["id"], call["action"], call["at"]), call["at"] is not None
    )


def session_identity(session: Subject) -> Identity:
    """One thing that happens in a session, to somebody or to all."""
    parts = tuple(session[name] for name in ("session", "who", "joined", "at"))
    return Identity(parts, session["at"] is not None)


def recording_identity(recording: Subject) -> Identity:
    """One recording or transcript of a session."""
    return Identity(
        (recording["session"], recording["id"], recording["at"]), recording["at"] is not None
    )


def failure_identity(failure: Subject) -> Identity:
    """One failure of moderation; a message may have two, so all of the body tells."""
    return Identity((failure["id"], failure["at"], failure["content"]), failure["at"] is not None)


def campaign_identity(campaign: Subject) -> Identity:
    """A campaign, or something that it sent, in one of its states."""
    times = tuple(campaign[name] for name in CAMPAIGN_TIMES)
    return Identity((campaign["id"], campaign["campaign"], campaign["status"], *times), any(times))


def content_identity(subject: Subject) -> Identity:
    """Any event: repeated is what has the same content, whatever the order of its keys."""
    return Identity((subject["content"],), has_time=False)


def pin_identity(pin: Subject) -> Identity:
    """A conversation that was pinned or unpinned; nobody knows what the body tells, so all of it
    counts.
    """
    return Identity((pin["content"],), pin["at"] is not None)


def message_conversation(message: Subject) -> str | None:
    """The conversation that a message names, or else belongs to."""
    named: str | None = message["conversationId"]
    return named or conversation_id(message["receiverType"], message["receiver"], message["sender"])


def no_routing(subject: Subject) -> Routing:
    """Nothing is known of it."""
    return Routing()


def message_routing(message: Subject) -> Routing:
    """By its conversation; it happened when it was sent."""
    occurred = message["sentAt"] or message["updatedAt"]
    return Routing(message_conversation(message), message["sender"], occurred)


def change_routing(message: Subject) -> Routing:
    """By its conversation; it happened when it was changed."""
    times = (message[name] for name in ("editedAt", "deletedAt", "pinnedAt", "updatedAt", "sentAt"))
    occurred = next((time for time in times if time), None)
    return Routing(message_conversation(message), message["sender"], occurred)


def judged_routing(message: Subject) -> Routing:
    """By the conversation of the message; it happened when moderation was done."""
    occurred = message.get("at") or message["updatedAt"] or message["sentAt"]
    return Routing(message_conversation(message), message["sender"], occurred)


def receipt_routing(receipt: Subject) -> Routing:
    """By the conversation of the message; of two, the other one may have to be found out."""
    who, receiver = receipt["who"], receipt["receiver"]
    if receipt["receiverType"] != "group":
        # Between two, the other one is who sent the message; some bodies name only the receiver.
        others = (receipt["messageSender"], receiver)
        receiver = next((uid for uid in others if uid and uid != who), receiver)
    named = receipt.get("conversationId")
    return Routing(
        named or conversation_id(receipt["receiverType"], receiver, who), who, receipt["at"]
    )


def reaction_routing(reaction: Subject) -> Routing:
    """By the conversation when the body names it, which documented ones do not; else by who
    reacted.
    """
    return Routing(reaction["conversationId"], reaction["who"], reaction["at"])


def presence_routing(presence: Subject) -> Routing:
    """By the user."""
    return Routing(None, presence["uid"], presence["at"])


def group_routing(group: Subject) -> Routing:
    """By the group's conversation. Who joins or leaves does so himself, and no `by` is sent."""
    by = group["by"] or next(iter(_ids(group["members"])), None)
    return Routing(conversation_id("group", group["guid"], None), by, group["at"])


def block_routing(block: Subject) -> Routing:
    """By who blocks."""
    return Routing(None, block["by"], None)


def call_routing(call: Subject) -> Routing:
    """By the conversation in which it rings."""
    session = call["session"]
    return Routing(
        message_conversation(call), call["sender"], call["at"], session and f"call:{session}"
    )


def session_routing(session: Subject) -> Routing:
    """By the session: no conversation is told."""
    return Routing(None, None, session["at"], session["session"] and f"call:{session['session']}")


def campaign_routing(campaign: Subject) -> Routing:
    """By the receiver, if it is about one, else by what it is about."""
    receiver, about = campaign["receiver"], campaign["id"]
    return Routing(
        None,
        None,
        campaign["at"],
        f"user:{receiver}" if receiver else about and f"campaign:{about}",
    )


def pin_routing(pin: Subject) -> Routing:
    """By the conversation."""
    return Routing(pin["conversationId"], pin["sender"], pin["at"])


def _of_members(members: Any) -> str | None:
    """The members by uid, and their scopes: two changes of one member may come in the same
    second.
    """
    if not isinstance(members, dict):
        return None
    scopes = (
        to_text(member.get("scope")) if isinstance(member, dict) else None
        for member in members.values()
    )
    return ",".join(sorted(f"{uid}={scope}" for uid, scope in zip(members, scopes, strict=True)))


def _ids(members: Any) -> list[str]:
    return sorted(members) if isinstance(members, dict) else []
