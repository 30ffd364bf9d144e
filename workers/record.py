"""What a stream entry holds: one request that is to be kept, as an event, a duplicate or a refusal.

An entry has the fields `v` (the format number), `k` (the kind), `m` (everything else but the body,
as a JSON list) and `b` (the body, byte for byte as it came); a duplicate has also `e`, the sixteen
bytes of the id of the event that it repeats, and no body. Kind and `e` stand apart because only the
accept script knows them. An event that was decided on has `d`: the decision and the votes on it, as
a JSON object. It stands apart because most events have none.

Whoever changes what `m` or `d` holds gives the format a new number, so that an entry of another one
is told from a damaged one: it stays where it is until workers come that can read it. A new field,
which older versions do not look for, needs none, nor does one more thing that is said of a vote.
"""

from collections.abc import Mapping
from dataclasses import field, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from comethooks.schemas import COMETCHAT, DecisionAction, Event, Parsed
from comethooks.schemas import Vote as Vote
from comethooks.workers.texts import cut, dumps
from comethooks.workers.unchanging import unchanging

FORMAT = b"1"
MISFIT = "misfit"
"""Among the headers of an event whose body does not fit: where it does not, with `, ` between."""
CREDENTIAL = "credential"
"""Among the headers of a call that proved itself: the label of the credential."""
ENTRY_OVERHEAD_BYTES = 256
"""What an entry costs in Redis beside `m` and `b`, roughly: ids, lengths, the duplicate key and the
votes.
"""
VOTE_TEXT_LENGTH = 200
"""Characters that are kept of what a vote says: its reason, or its error."""


class Kind(StrEnum):
    """Why a request is kept."""

    EVENT = "event"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@unchanging(kw_only=True)
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
    decision: DecisionAction | None = None
    """For an event that is a message in flight: what was answered. None if nobody decided."""
    votes: tuple[Vote, ...] = ()
    """What each decider said, those in shadow too."""


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
    if parsed.misfit:
        headers = {**headers, MISFIT: ", ".join(parsed.misfit)}
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


def event_of(record: Record, replay: str | None = None) -> Event:
    """The event that handlers get, made of a kept record. Nothing is decoded yet."""
    return Event(
        id=record.id,
        source=record.source,
        trigger=record.trigger or "",
        name=record.name,
        app_id=record.app_id,
        conversation_id=record.conversation_id,
        occurred_at=record.occurred_at,
        received_at=record.received_at,
        raw=record.body,
        replay=replay,
        headers=record.headers,
        decision=record.decision,
        votes=record.votes,
    )


_APART = {"kind", "event_id", "body", "decision", "votes"}
"""What has a field of its own in an entry, or is the script's to say."""
_META = tuple(item.name for item in fields(Record) if item.name not in _APART)


_KINDS = {kind.encode(): kind for kind in Kind}
_UNDECIDED: Mapping[str, Any] = {}


class RecordError(ValueError):
    """A stream entry of a format that this version cannot read; another one may."""


class DamagedError(RecordError):
    """A stream entry that no version can read."""


def encode_meta(record: Record) -> bytes:
    """The field `m` of the stream entry for `record`."""
    return dumps([getattr(record, name) for name in _META], scrubs=True)


def shortened(vote: Vote) -> Vote:
    """A vote as it is kept: of long texts the beginning."""
    return replace(vote, error=_short(vote.error), reason=_short(vote.reason))


def _short(text: str | None) -> str | None:
    return None if text is None else cut(text, VOTE_TEXT_LENGTH)


def encode_decision(record: Record) -> bytes:
    """The field `d` of the stream entry for `record`; empty when nobody decided, and then there is
    no such field.
    """
    if record.decision is None:
        return b""
    votes = [shortened(vote).as_json() for vote in record.votes]
    return dumps({"decision": record.decision.value, "votes": votes}, scrubs=True)


def decode(entry: Mapping[bytes, bytes]) -> Record:
    """The record that the fields of a stream entry hold.

    Raises `RecordError` when the entry has another format, and `DamagedError` when it is damaged.
    """
    if entry.get(b"v") != FORMAT:
        raise RecordError(
            f"stream entry of format {entry.get(b'v')!r}; this version reads {FORMAT!r}"
        )
    try:
        repeated = entry.get(b"e", b"")[:16]  # an older web process adds what was decided
        return Record(
            **_read(orjson.loads(entry[b"m"])),
            kind=_KINDS[entry[b"k"]],
            body=entry[b"b"],
            event_id=str(UUID(bytes=repeated)) if repeated else None,
            **(_decided(entry[b"d"]) if b"d" in entry else _UNDECIDED),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"damaged stream entry: {type(error).__name__}") from None


def _read(meta: Any) -> dict[str, Any]:
    known = dict(zip(_META, meta, strict=True))
    found = known["drift"]
    known["drift"] = tuple((str(kind), str(path)) for kind, path in found) if found else ()
    return known


def _decided(encoded: bytes) -> dict[str, Any]:
    found = orjson.loads(encoded)
    return {
        "decision": DecisionAction(found["decision"]),
        "votes": tuple(map(Vote.from_json, found["votes"])),
    }


def cost(entry: Mapping[bytes, bytes]) -> int:
    """How many bytes of the backlog an entry with these fields stands for."""
    # Not of `d`: a worker of an older version, which does not know it, would take back less from
    # the backlog than was added.
    return len(entry.get(b"m", b"")) + len(entry.get(b"b", b"")) + ENTRY_OVERHEAD_BYTES
