"""Events that are imported: from lines that an export wrote or somebody's hand, or from the bare
bodies in a log.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError

from comethooks import schemas
from comethooks.files.event_lines import LineSchema
from comethooks.schemas import COMETCHAT
from comethooks.workers.ids import derived_id
from comethooks.workers.journal.times import storable
from comethooks.workers.record import Kind, Record

_LINE = LineSchema()


class LineError(ValueError):
    """A line that is no event. Its text says why, and quotes nothing of the line but names of
    fields.
    """


def event_in(line: bytes) -> Record:
    """The event that a line holds, with everything that can be derived from its body derived anew.

    What a body does not say any more, because the schemas refuse it or it is redacted or not kept,
    is as the line has it. An id that is missing is made of the rest, and the same each time. Raises
    `LineError`.
    """
    try:
        loaded: dict[str, Any] = _LINE.load(_decoded(line))
    except ValidationError as error:
        # "from None": a ValidationError carries the body, which must not get into a traceback.
        raise LineError(_in_one_line(error.messages_dict)) from None
    return _event(**loaded)


def event_of(body: bytes, now: int) -> Record:
    """The event that a bare body says; received when it occurred or, if it does not say when, at
    `now` (ms).

    Its id is the same for every repeat of it. Raises `LineError` when the body would be refused.
    """
    try:
        parsed = schemas.parse(_decoded(body), body)
    except schemas.InvalidBodyError as error:
        raise LineError(str(error)) from None
    # A key without a time in it is the same for what happened again; the whole body may tell the
    # two apart.
    digest = (
        parsed.duplicate_key if parsed.duplicate_key_has_time else hashlib.sha256(body).digest()
    )
    occurred_at = storable(parsed.occurred_at)
    return _with_parsed(
        Record(
            kind=Kind.EVENT,
            id=derived_id(digest),
            received_at=now if occurred_at is None else occurred_at,
            source=COMETCHAT,
            size=len(body),
            body=body,
        ),
        parsed,
    )


def _event(
    *,
    id: str | None,
    body: bytes | None,
    size: int,
    redacted: bool,
    received_at: int,
    source: str,
    **known: Any,
) -> Record:
    record = Record(
        kind=Kind.EVENT,
        id=id or derived_id(_digest(source, received_at, body or b"")),
        received_at=received_at,
        source=source,
        size=size if body is None else len(body),
        body=body or b"",
        **known,
    )
    if body is None or redacted or source != COMETCHAT:
        return _complete(record, "its body does not say what it is")
    try:
        return _with_parsed(record, schemas.parse(schemas.decode(body), body))
    except schemas.SchemaError as error:
        return _complete(record, f"the schemas refuse its body ({error})")


def _complete(record: Record, problem: str) -> Record:
    if record.trigger is None:
        raise LineError(f"trigger: Missing, and {problem}.")
    return record


def _with_parsed(record: Record, parsed: schemas.Parsed) -> Record:
    return replace(
        record,
        trigger=parsed.trigger,
        name=parsed.name,
        app_id=parsed.app_id,
        conversation_id=parsed.conversation_id,
        sender=parsed.sender,
        occurred_at=parsed.occurred_at,
        drift=parsed.findings,
    )


def _digest(source: str, received_at: int, body: bytes) -> bytes:
    written = f"{len(source)}:{source}{received_at}:".encode("utf-8", "surrogatepass")
    return hashlib.sha256(written + body).digest()


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        return schemas.decode(line)
    except schemas.NotJsonError as error:
        raise LineError(error.reason) from None


def _in_one_line(messages: Mapping[str, Any]) -> str:
    return " ".join(f"{name}: {' '.join(texts)}" for name, texts in messages.items())
