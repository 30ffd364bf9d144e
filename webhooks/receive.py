"""Receiving, without HTTP and without Redis: what to keep of a request, and what to answer.

`judge` turns a body into a verdict: the record to keep, and why it is refused if it is. Whoever has kept the
record (or failed to) gets the answer from `answer`. Both are pure.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import schemas
from webhooks import problems
from webhooks.body import BodyError, TooLargeError
from webhooks.problems import Errors
from workers.record import Kind, Record
from workers.streams import Accepted, NotKeptError

RETRY_AFTER_SECONDS = 10
"""When a sender may try again. CometChat's own first retry comes after 10 seconds."""

ALLOW = b"{}"
"""What a message in flight is answered when nobody decides on it: it is delivered as it is."""

_TRIGGER = re.compile(rb'(?<!\\)"trigger"\s*:\s*"([a-z_]{1,64})"')

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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is no event.

    `reason` is kept with it, `detail` tells the sender what to do. `cause` is set when the fault is ours.
    """

    status: int
    reason: str
    detail: str
    errors: Errors | None = None
    cause: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be kept of a request, and how.

    Without a refusal, the record is an event and the duplicate key tells its repeats. When it is in flight,
    the sender waits for a decision and takes everything else for one.
    """

    record: Record
    in_flight: bool = False
    refusal: Refusal | None = None
    duplicate_key: bytes = b""
    has_time: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and the word for it in logs and metrics."""

    status: int
    body: bytes
    outcome: str


def judge(incoming: Incoming, raw: bytes, *, app_ids: AbstractSet[str] = frozenset()) -> Verdict:
    """What the request with this body is: an event, or refused for one reason.

    `app_ids` are the apps that may send; none means all.
    """
    try:
        body = schemas.decode(raw)
    except schemas.NotJsonError as error:
        refusal = _wrong_type(incoming) or Refusal(
            400, f"the body is {error.reason}", f"The body is {error.reason}; send one JSON object."
        )
        return _refused(incoming, refusal, raw, _legible_trigger(raw))
    if refused := _wrong_type(incoming):
        return _refused(incoming, refused, raw, body)
    try:
        parsed = schemas.parse(body, raw)
    except schemas.InvalidBodyError as error:
        return _refused(incoming, _wrong_app(_app_id(body), app_ids) or _invalid(error), raw, body)
    except Exception as error:  # a defect of ours may neither lose an event nor hold up a message in flight
        return _refused(incoming, _defect(error), raw, body)
    if refused := _wrong_app(parsed.app_id, app_ids):
        return _refused(incoming, refused, raw, body)
    return Verdict(
        record=Record(
            kind=Kind.EVENT,
            id=incoming.id,
            received_at=incoming.received_at,
            trigger=parsed.trigger,
            name=parsed.name,
            app_id=parsed.app_id,
            conversation_id=parsed.conversation_id,
            sender=parsed.sender,
            occurred_at=parsed.occurred_at,
            key=parsed.key or incoming.id,
            size=len(raw),
            headers=incoming.headers,
            body=raw,
        ),
        in_flight=schemas.is_in_flight(parsed.trigger),
        duplicate_key=parsed.duplicate_key,
        has_time=parsed.duplicate_key_has_time,
    )


def unreadable(incoming: Incoming, error: BodyError) -> Verdict:
    """The verdict on a request whose body was not read, or not to its end."""
    if isinstance(error, TooLargeError):
        text = f"the body has more than {error.limit} bytes"
        detail = (
            f"The body may have {error.limit} bytes (COMETHOOKS_MAX_BODY); send less, or raise the limit."
        )
        return _refused(incoming, Refusal(413, text, detail))
    detail = "The body did not arrive as a whole; send it again."
    return _refused(incoming, Refusal(400, f"the body broke off: {error}", detail))


def unauthenticated(incoming: Incoming, reason: str) -> Record:
    """What is kept of a request by an unknown sender: neither its body nor what it presented."""
    return Record(
        kind=Kind.REFUSED,
        id=incoming.id,
        received_at=incoming.received_at,
        headers=incoming.headers,
        status=401,
        reason=reason,
    )


def answer(verdict: Verdict, kept: Accepted | NotKeptError | None) -> Answer:
    """What the sender gets, once the verdict's record was kept; `kept` is what came of that.

    An event that was kept comes with its `Accepted`, a refusal with None.
    """
    lost = isinstance(kept, NotKeptError)
    if verdict.in_flight:
        return Answer(200, ALLOW, "in_flight_lost" if lost else _outcome(verdict, kept))
    if lost:
        detail = f"The request could not be kept; send it again in {RETRY_AFTER_SECONDS} seconds."
        return Answer(503, problems.problem(503, detail, request_id=verdict.record.id), "not_kept")
    if refusal := verdict.refusal:
        document = problems.problem(
            refusal.status, refusal.detail, request_id=verdict.record.id, errors=refusal.errors
        )
        return Answer(refusal.status, document, _outcome(verdict, kept))
    assert isinstance(kept, Accepted)
    document = problems.dumps({"id": kept.id, "duplicate": True} if kept.duplicate else {"id": kept.id})
    return Answer(200, document, _outcome(verdict, kept))


def _legible_trigger(raw: bytes) -> dict[str, str]:
    """The trigger of a body that is broken elsewhere, if it is one whose sender waits for a decision."""
    found = _TRIGGER.search(raw)
    trigger = found[1].decode() if found else None
    return {"trigger": trigger} if trigger is not None and schemas.is_in_flight(trigger) else {}


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON. A missing one does: some senders leave it out."""
    media = content_type.partition(";")[0].strip().lower()
    return media in {"", "application/json"} or (media.endswith("+json") and "/" in media)


def _outcome(verdict: Verdict, kept: object) -> str:
    if verdict.refusal:
        return f"refused_{verdict.refusal.status}"
    return "duplicate" if isinstance(kept, Accepted) and kept.duplicate else "accepted"


def _refused(
    incoming: Incoming, refusal: Refusal, raw: bytes = b"", body: Mapping[str, Any] | None = None
) -> Verdict:
    trigger = None if body is None else schemas.trigger_of(body)
    in_flight = schemas.is_in_flight(trigger)
    app_id = None if body is None else _app_id(body)
    return Verdict(
        record=Record(
            kind=Kind.REFUSED,
            id=incoming.id,
            received_at=incoming.received_at,
            trigger=trigger and trigger[:MAX_TEXT],
            app_id=app_id and app_id[:MAX_TEXT],
            size=len(raw),
            headers=incoming.headers,
            status=200 if in_flight else refusal.status,
            reason=refusal.reason,
            errors=None if refusal.errors is None else problems.first(refusal.errors),
            body=raw,
        ),
        in_flight=in_flight,
        refusal=refusal,
    )


def _wrong_type(incoming: Incoming) -> Refusal | None:
    if is_json(incoming.content_type):
        return None
    return Refusal(
        415,
        f"the Content-Type is {incoming.content_type[:MAX_TEXT]!r}",
        "The Content-Type is not JSON; send application/json.",
    )


def _wrong_app(app_id: str | None, app_ids: AbstractSet[str]) -> Refusal | None:
    if not app_ids or app_id in app_ids:
        return None
    said = "no app id" if app_id is None else f"the app id {app_id[:MAX_TEXT]!r}"
    return Refusal(
        403,
        f"the body has {said}, which is not allowed",
        f"The body has {said}; only the apps of COMETHOOKS_APP_IDS may send here.",
    )


def _invalid(error: schemas.InvalidBodyError) -> Refusal:
    return Refusal(
        422,
        "the body does not fit the schema",
        "The body does not fit the schema of its trigger; `errors` says where.",
        errors=error.errors,
    )


def _defect(error: Exception) -> Refusal:
    return Refusal(
        500,
        f"{type(error).__name__} while the body was parsed",
        "The body could not be processed; it was kept.",
        cause=error,
    )


def _app_id(body: Mapping[str, Any]) -> str | None:
    # The clients' own callback spells it with a capital D.
    value = body.get("appId", body.get("appID"))
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
