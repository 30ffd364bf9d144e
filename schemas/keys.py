"""What is derived from a loaded body: whom it concerns, in which order, and by what a repeat is recognised.

CometChat sends no event id and no delivery id, so a repeat is told by what the event is about. Here a
*subject* is what a `Shape` gives for a loaded body: the same keys for every shape of a family.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.envelope import Family

Part = str | int | None

_VERSION_TIMES = ("updatedAt", "editedAt", "deletedAt", "pinnedAt", "sentAt")
"""What tells two states of one message apart; without these, two edits would be one event."""


@dataclass(frozen=True, slots=True)
class Routing:
    """Where an event belongs: `sender` is a uid, `occurred_at` milliseconds since the epoch."""

    conversation_id: str | None = None
    sender: str | None = None
    occurred_at: int | None = None

    @property
    def key(self) -> str:
        """Events of one key are handled in order; empty when the event has no neighbours."""
        if self.conversation_id:
            return self.conversation_id
        return f"user:{self.sender}" if self.sender else ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a repeat of an event has in common with it; `has_time`: a time of occurrence is part of that."""

    parts: tuple[Part, ...]
    has_time: bool


def conversation_id(receiver_type: str | None, receiver: str | None, one: str | None) -> str | None:
    """CometChat's name for a conversation: `group_<guid>`, or the two uids, sorted, as `<a>_user_<b>`.

    `one` is a member of the conversation of two whose other member is `receiver`.
    """
    if not receiver:
        return None
    if receiver_type == "group":
        return f"group_{receiver}"
    return "_user_".join(sorted((one, receiver))) if one and receiver_type == "user" else None


def routing(family: Family | None, subject: Mapping[str, Any]) -> Routing:
    """Where an event of `family` about `subject` belongs."""
    return Routing() if family is None else _ROUTINGS[family](subject)


def message_identity(message: Mapping[str, Any]) -> Identity:
    """A message in one of its states."""
    times = tuple(message[name] for name in _VERSION_TIMES)
    return Identity((message["id"], *times), any(times))


def in_flight_identity(message: Mapping[str, Any], content: str) -> Identity:
    """A message that has no id yet; `content` is a hash of what it says."""
    if message["muid"]:
        return Identity((message["sender"], message["muid"], content), has_time=False)
    conversation = _message_routing(message).conversation_id
    sent_at = message["sentAt"]
    return Identity((conversation, message["sender"], sent_at, content), sent_at is not None)


def receipt_identity(receipt: Mapping[str, Any]) -> Identity:
    """One user's receipt for one message."""
    return Identity((receipt["messageId"], receipt["who"], receipt["at"]), has_time=True)


def presence_identity(presence: Mapping[str, Any]) -> Identity:
    """One connection of one user that was opened or closed."""
    parts = (presence["uid"], presence["action"], presence["status"], presence["at"], *presence["session"])
    return Identity(parts, has_time=True)


def content_identity(body: Any, raw: bytes) -> Identity:
    """Any event: repeated is what has the same content, whatever the order of its keys."""
    return Identity((content_hash(body, raw),), has_time=False)


def content_hash(value: Any, raw: bytes) -> str:
    """SHA-256, in hexadecimal, of `value` as canonical JSON, or of `raw` when it cannot be written as JSON.

    That is so for lone surrogates, integers beyond 64 bits and more than 254 levels.
    """
    try:
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        canonical = raw
    return hashlib.sha256(canonical).hexdigest()


def digest(parts: Iterable[Part]) -> bytes:
    """Sixteen bytes that stand for `parts`, each written with its length, so that none runs into the next."""
    written = "".join("-" if part is None else f"{len(text := str(part))}:{text}" for part in parts)
    return hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _message_routing(message: Mapping[str, Any]) -> Routing:
    sender = message["sender"]
    conversation = message["conversationId"] or conversation_id(
        message["receiverType"], message["receiver"], sender
    )
    return Routing(conversation, sender, message["sentAt"] or message["updatedAt"])


def _receipt_routing(receipt: Mapping[str, Any]) -> Routing:
    who, receiver = receipt["who"], receipt["receiver"]
    if receipt["receiverType"] != "group":
        # Between two, the other one is who sent the message; some bodies name only the receiver.
        others = (receipt["messageSender"], receiver)
        receiver = next((uid for uid in others if uid and uid != who), receiver)
    return Routing(conversation_id(receipt["receiverType"], receiver, who), who, receipt["at"])


def _presence_routing(presence: Mapping[str, Any]) -> Routing:
    return Routing(None, presence["uid"], presence["at"])


_ROUTINGS: Mapping[Family, Callable[[Mapping[str, Any]], Routing]] = {
    Family.MESSAGE: _message_routing,
    Family.RECEIPT: _receipt_routing,
    Family.PRESENCE: _presence_routing,
}
