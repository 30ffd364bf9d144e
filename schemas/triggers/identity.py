"""Where an event belongs, and the hashes that stand for what identifies something."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Part = str | int | None
Subject = Mapping[str, Any]
"""What a `Shape` gives for a loaded body: the same names for every shape of a family."""


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


def conversation_of(subject: Subject, sender: str | None) -> str | None:
    """The conversation that a subject names, or else the one that it belongs to."""
    get = subject.get
    named: str | None = get("conversationId")
    if named:
        return named
    if guid := get("guid"):
        return conversation_id("group", guid, None)
    if uid := get("user"):
        return conversation_id("user", uid, sender)
    kind, receiver = get("receiverType"), get("receiver")
    if kind is None and (notified := get("to")):
        kind, receiver = "user", notified
    if kind == "user":
        # A receipt comes from the receiver of its message, and some name only one of the two.
        others = (get("messageSender"), receiver)
        receiver = next((uid for uid in others if uid and uid != sender), receiver)
    return conversation_id(kind, receiver, sender)


def conversation_id(receiver_type: str | None, receiver: str | None, one: str | None) -> str | None:
    """CometChat's name for a conversation: `group_<guid>`, or `<a>_user_<b>` of the sorted uids.

    `one` is a member of the conversation of two whose other member is `receiver`.
    """
    if not receiver:
        return None
    if receiver_type == "group":
        return f"group_{receiver}"
    return "_user_".join(sorted((one, receiver))) if one and receiver_type == "user" else None


def canonical(value: Any, raw: bytes) -> bytes:
    """`value` as JSON that is the same in whatever order its keys came.

    What Python cannot write as JSON (some 1,000 levels) is told by `raw` instead.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # A lone surrogate, an integer beyond 64 bits, or more than 254 levels: at a tenth of the
        # speed.
        pass
    try:
        return json.dumps(value, sort_keys=True).encode()
    except RecursionError:
        return raw


def content_hash(value: Any, raw: bytes) -> str:
    """SHA-256, in hexadecimal, of `value` as `canonical` JSON."""
    return hashlib.sha256(canonical(value, raw)).hexdigest()


def digest(parts: Iterable[Part]) -> bytes:
    """Sixteen bytes that stand for `parts`."""
    # Each part is written with its length, so that ("ab", "c") is not ("a", "bc").
    written = "".join("-" if part is None else f"{len(text := str(part))}:{text}" for part in parts)
    return hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).digest()
