"""What a stream entry holds: one request that is to be kept, as an event, a duplicate or a refusal.

An entry has the fields `v` (the format number), `k` (the kind), `m` (everything else but the body,
as a JSON list) and `b` (the body, byte for byte as it came); a duplicate has also `e`, the sixteen
bytes of the id of the event that it repeats, and no body. Kind and `e` stand apart because only the
accept script knows them.

Whoever changes what `m` holds gives the format a new number, so that an entry of another one is
told from a damaged one: it stays where it is until workers come that can read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from comethooks.schemas import COMETCHAT, Parsed
from comethooks.workers.texts import dumps

FORMAT = b"1"
ENTRY_OVERHEAD_BYTES = 256
"""What an entry costs in Redis beside its fields, roughly: ids, lengths, the duplicate key."""


class Kind(StrEnum):
    """Why a request is kept."""

    EVENT = "event"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request on its way into the journal. Times are milliseconds since the epoch, UTC.

    `id` is the request's id and, for an event, the event's. `key` is what orders it: events of the
    same key are handled one after the other. `headers` are the request's circumstances worth
    keeping, never a credential: content type, remote address, label of the credential.
    """

    kind: Kind
    id: str
    received_at: int
    source: str = COMETCHAT
    trigger: str | None = None
    name: str | None = None
    app_id: str | None = None
    conversation_id: str | None = None
    sender: str | None = None
    occurred_at: int | None = None
    key: str = ""
    size: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None
    """For a duplicate: the id of the event that it repeats."""
    status: int = 200
    """The HTTP status that the request was answered with."""
    reason: str | None = None
    """For a refusal: one line that says why."""
    errors: Mapping[str, Any] | None = None
    """For a refusal by a schema: dotted path in the body, to a list of messages."""
    drift: tuple[tuple[str, str], ...] = ()
    """For an event: kind and path of what the schemas do not know of its body."""
    body: bytes = b""


def event_record(
    parsed: Parsed,
    *,
    id: str,
    received_at: int,
    body: bytes,
    source: str = COMETCHAT,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Record:
    """The event that a parsed body is, whoever brings it: a request, a file or a test.

    `body` is what is kept of it, which may be less than was parsed.
    """
    key = parsed.key
    if key and source != COMETCHAT:
        # Two sources may give a conversation the same name; neither waits for the other.
        key = f"{source}:{key}"
    return Record(
        kind=Kind.EVENT,
        id=id,
        received_at=received_at,
        source=source,
        trigger=parsed.trigger,
        name=parsed.name,
        app_id=parsed.app_id,
        conversation_id=parsed.conversation_id,
        sender=parsed.sender,
        occurred_at=parsed.occurred_at,
        key=key or id,
        size=len(body),
        headers=headers,
        drift=parsed.findings,
        body=body,
    )


_META = tuple(item.name for item in fields(Record) if item.name not in {"kind", "event_id", "body"})


class RecordError(ValueError):
    """A stream entry of a format that this version cannot read; another one may."""


class DamagedError(RecordError):
    """A stream entry that no version can read."""


def encode_meta(record: Record) -> bytes:
    """The field `m` of the stream entry for `record`."""
    return dumps([getattr(record, name) for name in _META], scrubs=True)


def decode(entry: Mapping[bytes, bytes]) -> Record:
    """The record that the fields of a stream entry hold.

    Raises `RecordError` when the entry has another format, and `DamagedError` when it is damaged.
    """
    if entry.get(b"v") != FORMAT:
        raise RecordError(
            f"stream entry of format {entry.get(b'v')!r}; this version reads {FORMAT!r}"
        )
    try:
        repeated = entry.get(b"e")
        return Record(
            **_read(orjson.loads(entry[b"m"])),
            kind=Kind(entry[b"k"].decode()),
            body=entry[b"b"],
            event_id=str(UUID(bytes=repeated)) if repeated else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"damaged stream entry: {type(error).__name__}") from None


def _read(meta: Any) -> dict[str, Any]:
    known = dict(zip(_META, meta, strict=True))
    known["drift"] = tuple((str(kind), str(path)) for kind, path in known["drift"])
    return known


def cost(entry: Mapping[bytes, bytes]) -> int:
    """How many bytes of the backlog an entry with these fields stands for."""
    return len(entry.get(b"m", b"")) + len(entry.get(b"b", b"")) + ENTRY_OVERHEAD_BYTES
