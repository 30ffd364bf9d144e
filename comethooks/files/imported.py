"""Events from files: from the lines that an export or somebody wrote, or from the bare bodies in a
log.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError

from comethooks import schemas
from comethooks.files.json_lines import LineSchema
from comethooks.schemas import COMETCHAT
from comethooks.schemas.event.interactions import PROVED
from comethooks.schemas.loading import by_path
from comethooks.webhooks.cometchat import without_secrets
from comethooks.workers.ids import derived_id
from comethooks.workers.journal import storable
from comethooks.workers.record import Kind, Record, event_record

_LINE = LineSchema()


class LineError(ValueError):
    """A line that is no event. Its text says why, and quotes only names of fields, since it is
    printed.
    """


def event_in(line: bytes, *, drop_secrets: bool = False) -> Record:
    """The event that a line holds, with everything that can be derived from its body derived again.

    What a body does not say any more, because the schemas refuse it or it is redacted or not kept,
    is as the line has it. An id that is missing is made of the rest, and the same each time. With
    `drop_secrets` the body is kept without them, as it would have been when it came. Raises
    `LineError`.
    """
    try:
        loaded: dict[str, Any] = _LINE.load(_decoded(line))
    except ValidationError as error:
        # "from None": a ValidationError carries the body, which must not get into a traceback.
        raise LineError(_in_one_line(error.messages_dict)) from None
    decided = {name: loaded.pop(name) for name in ("decision", "votes")}
    return replace(_event(**loaded, drop_secrets=drop_secrets), **decided)


def records_in(
    lines: Iterable[bytes],
    read: Callable[[bytes], Record] = event_in,
    *,
    bad: Callable[[int, LineError], None],
) -> Iterator[Record]:
    """The events that `read` finds in lines, each once; an empty line has none.

    Of a line that is no event `bad` is told, with its number from 1; it may raise.
    """
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        try:
            record = read(line) if line.strip() else None
        except LineError as error:
            bad(number, error)
            continue
        if record is not None and record.id not in seen:
            seen.add(record.id)
            yield record


def event_of(
    body: bytes,
    now: int,
    *,
    drop_secrets: bool = False,
    lenient: AbstractSet[str] = frozenset(),
) -> Record:
    """The event that a bare body says; received when it occurred or, if it does not say when, at
    `now` (ms).

    Its id is the same for every repeat of it. `drop_secrets` is as for `event_in`, `lenient` are
    the triggers whose bodies are let through whatever they lack. Raises `LineError` when the body
    would be refused.
    """
    try:
        parsed = schemas.parse(_decoded(body), body, lenient=lenient)
    except schemas.InvalidBodyError as error:
        raise LineError(str(error)) from None
    occurred_at = storable(parsed.occurred_at)
    return event_record(
        parsed,
        id=derived_id(parsed.duplicate_key),
        received_at=now if occurred_at is None else occurred_at,
        body=_stored(body, drop_secrets=drop_secrets),
    )


def _event(
    *,
    id: str | None,
    body: bytes | None,
    size: int,
    redacted: bool,
    received_at: int,
    source: str,
    headers: Mapping[str, str],
    drop_secrets: bool,
    **known: Any,
) -> Record:
    identifier = id or derived_id(_digest(source, received_at, body or b""))
    problem = "its body does not say what it is"
    stored = body or b""
    if source == COMETCHAT and body is not None:
        stored = _stored(body, drop_secrets=drop_secrets)
        try:
            # A press that a token proved is of the app and message of the token, whatever it says.
            is_proved = f"{PROVED}app" in headers
            parsed = None if redacted or is_proved else schemas.parse(schemas.decode(body), body)
        except schemas.SchemaError as error:
            parsed, problem = None, f"the schemas refuse its body ({error})"
        if parsed is not None:
            return event_record(
                parsed, id=identifier, received_at=received_at, headers=headers, body=stored
            )
    if known["trigger"] is None:
        raise LineError(f"trigger: Missing, and {problem}.")
    return Record(
        kind=Kind.EVENT,
        id=identifier,
        received_at=received_at,
        source=source,
        size=size if body is None else len(stored),
        headers=headers,
        body=stored,
        **known,
    )


def _stored(body: bytes, *, drop_secrets: bool) -> bytes:
    return without_secrets(body) if drop_secrets else body


def _digest(source: str, received_at: int, body: bytes) -> bytes:
    written = f"{len(source)}:{source}{received_at}:".encode("utf-8", "surrogatepass")
    return hashlib.sha256(written + body).digest()


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        return schemas.decode(line)
    except schemas.NotJsonError as error:
        raise LineError(error.reason) from None


def _in_one_line(messages: Mapping[str, Any]) -> str:
    return " ".join(f"{path}: {' '.join(texts)}" for path, texts in by_path(messages).items())
