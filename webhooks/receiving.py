"""Receiving, without HTTP and without Redis: what to keep of a request, and what to answer.

`judge` turns a body into a verdict: the record to keep, and why it is refused if it is. Whoever has
kept the record (or failed to) gets the answer from `answer`. Both are pure, and the same for every
source.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from comethooks.schemas import COMETCHAT, Parsed
from comethooks.schemas.masking import without_tokens
from comethooks.schemas.triggers.identity import digest
from comethooks.webhooks import problems
from comethooks.webhooks.body import (
    BodyError,
    NotInflatedError,
    TooLargeError,
    UnknownEncodingError,
)
from comethooks.webhooks.sources import Refusal, Source
from comethooks.workers.record import Kind, Record, event_record
from comethooks.workers.streams.accepted import Accepted, NotKeptError
from comethooks.workers.texts import dumps, number_of

RETRY_AFTER_SECONDS = 10
"""When a sender may try again. CometChat's own first retry comes after 10 seconds."""

ALLOW = b"{}"
"""What a message in flight is answered when nobody decides on it: it is delivered as it is."""

ACCEPTED = "accepted"
"""The outcome of what is an event and no repeat."""

Kept = Accepted | NotKeptError | None
"""What came of keeping something; None for a refusal, and for what is only counted."""

MAX_TEXT = 200
"""Characters of a text out of a refused body that are kept beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What is known of an authenticated request without its body.

    `received_at` is milliseconds since the epoch. `headers` are the circumstances to keep with it.
    """

    id: str
    received_at: int
    content_type: str = ""
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be kept of a request, and how.

    Without a refusal, the record is an event and the duplicate key tells its repeats. When it is in
    flight, the sender waits for a decision and takes everything else for one. What is not `kept` is
    only counted.
    """

    record: Record
    in_flight: bool = False
    kept: bool = True
    refusal: Refusal | None = None
    duplicate_key: bytes = b""
    has_time: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and the word for it in logs and metrics."""

    status: int
    body: bytes
    outcome: str


def judge(source: Source, incoming: Incoming, raw: bytes) -> Verdict:
    """What the request with this body is: an event of `source`, or refused for one reason."""
    if not source.takes(incoming.content_type):
        return _refused(source, incoming, _wrong_type(incoming), raw)
    try:
        body = source.decode(raw)
        parsed = source.parse(body, raw)
    except Exception as error:
        # A defect of ours must neither lose an event nor hold up a message in flight.
        return _refused(source, incoming, source.refuse(error) or _defect(error), raw)
    return _accepted(source, incoming, parsed, source.stored(raw))


def unreadable(source: Source, incoming: Incoming, error: BodyError, raw: bytes = b"") -> Verdict:
    """The verdict on a request whose body was not read, or not to its end, or not inflated from
    `raw`.
    """
    if isinstance(error, UnknownEncodingError):
        return _refused(source, incoming, _wrong_encoding(error.encoding), raw)
    if isinstance(error, NotInflatedError):
        detail = "The body is not what its Content-Encoding says; send it as it says, or without."
        return _refused(source, incoming, Refusal(400, f"the body is {error}", detail), raw)
    if isinstance(error, TooLargeError):
        most = number_of(error.limit, "byte")
        text = f"the body has more than {most}"
        detail = f"The body may have {most} (COMETHOOKS_MAX_BODY); send less, or raise the limit."
        return _refused(source, incoming, Refusal(413, text, detail))
    detail = "The body did not arrive as a whole; send it again."
    return _refused(source, incoming, Refusal(400, f"the body broke off: {error}", detail))


def unauthenticated(source: Source, incoming: Incoming, reason: str) -> Record:
    """What is kept of a request by an unknown sender: neither its body nor what it presented."""
    return Record(
        kind=Kind.REFUSED,
        id=incoming.id,
        received_at=incoming.received_at,
        source=source.name,
        headers=incoming.headers,
        status=401,
        reason=reason,
    )


def answer(verdict: Verdict, kept: Kept, decision: bytes = ALLOW) -> Answer:
    """What the sender gets, once the verdict's record was kept; `kept` is what came of that, and
    `decision` the answer on a message in flight.
    """
    lost = isinstance(kept, NotKeptError)
    if verdict.in_flight:
        return Answer(200, decision, "in_flight_lost" if lost else _outcome(verdict, kept))
    if lost:
        detail = f"The request could not be kept; send it again in {RETRY_AFTER_SECONDS} seconds."
        return Answer(503, problems.problem(503, detail, request_id=verdict.record.id), "not_kept")
    if refusal := verdict.refusal:
        document = problems.problem(
            refusal.status, refusal.detail, request_id=verdict.record.id, errors=refusal.errors
        )
        return Answer(refusal.status, document, _outcome(verdict, kept))
    if not isinstance(kept, Accepted):
        return Answer(200, dumps({"id": verdict.record.id, "counted": True}), "counted")
    document = dumps({"id": kept.id, "duplicate": True} if kept.duplicate else {"id": kept.id})
    return Answer(200, document, _outcome(verdict, kept))


def _outcome(verdict: Verdict, kept: Kept) -> str:
    if verdict.refusal:
        return f"refused_{verdict.refusal.status}"
    if not verdict.kept:
        return "counted"
    return "duplicate" if isinstance(kept, Accepted) and kept.duplicate else ACCEPTED


def _accepted(source: Source, incoming: Incoming, parsed: Parsed, stored: bytes) -> Verdict:
    duplicate_key = parsed.duplicate_key
    if source.name != COMETCHAT:  # those of two sources never meet
        duplicate_key = digest((source.name, duplicate_key.hex()))
    return Verdict(
        record=event_record(
            parsed,
            id=incoming.id,
            received_at=incoming.received_at,
            source=source.name,
            headers=incoming.headers,
            body=stored,
        ),
        in_flight=source.waits(parsed.trigger),
        kept=source.keeps(parsed.trigger),
        duplicate_key=duplicate_key,
        has_time=parsed.duplicate_key_has_time,
    )


def _refused(source: Source, incoming: Incoming, refusal: Refusal, raw: bytes = b"") -> Verdict:
    seen, stored = source.glance(raw), source.stored(raw)
    in_flight = source.waits(seen.trigger) and not source.tells_refusals
    return Verdict(
        record=Record(
            kind=Kind.REFUSED,
            id=incoming.id,
            received_at=incoming.received_at,
            source=source.name,
            trigger=seen.trigger and seen.trigger[:MAX_TEXT],
            app_id=seen.app_id and seen.app_id[:MAX_TEXT],
            size=len(stored),
            headers=incoming.headers,
            status=200 if in_flight else refusal.status,
            reason=without_tokens(refusal.reason),
            errors=None if refusal.errors is None else problems.first(refusal.errors),
            body=stored,
        ),
        in_flight=in_flight,
        refusal=refusal,
    )


def _wrong_type(incoming: Incoming) -> Refusal:
    return Refusal(
        415,
        f"the Content-Type is {incoming.content_type[:MAX_TEXT]!r}",
        "The Content-Type is not JSON; send application/json.",
    )


def _wrong_encoding(encoding: str) -> Refusal:
    return Refusal(
        415,
        f"the Content-Encoding is {encoding[:MAX_TEXT]!r}",
        "The Content-Encoding is not read here; send the body as it is, or with gzip or deflate.",
    )


def _defect(error: Exception) -> Refusal:
    return Refusal(
        500,
        f"{type(error).__name__} while the body was parsed",
        "The body could not be processed; it was kept.",
        cause=error,
    )
