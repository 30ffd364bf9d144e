"""Records and results as rows. What a column cannot hold is cut, scrubbed or left out."""

from collections.abc import Callable, Sequence
from typing import Any

from comethooks.workers.journal.settled import Attempt, RunResult
from comethooks.workers.journal.tables.columns import TEXT_LENGTH
from comethooks.workers.journal.tables.models import LIVE, Outcome
from comethooks.workers.journal.times import storable
from comethooks.workers.record import Kind, Record
from comethooks.workers.texts import cut, dumps, end_of, scrub

_ERROR_LENGTH = 1000
_TRACEBACK_LENGTH = 64_000
_REMEMBERED = 4_096
"""Texts of searched columns that are known to need no change."""
_INT64 = range(-(2**63), 2**63)
OUTCOMES = {
    Kind.EVENT: Outcome.ACCEPTED,
    Kind.DUPLICATE: Outcome.DUPLICATE,
    Kind.REFUSED: Outcome.REFUSED,
}
"""What became of the request behind a record of each kind."""

Row = dict[str, Any]


def event_row(record: Record, partition: int | None) -> Row:
    """The row of `events` for an event, with the partition if it was in a stream."""
    return {
        "id": record.id,
        "source": searchable(record.source),
        "trigger": searchable(record.trigger),
        "name": searchable(record.name),
        "app_id": searchable(record.app_id),
        "conversation_id": searchable(record.conversation_id),
        "sender": searchable(record.sender),
        "occurred_at": storable(record.occurred_at),
        "received_at": storable(record.received_at) or 0,
        "partition": _int64(partition),
        "size": _int64(record.size),
        "headers": json_text(record.headers),
        "body": record.body,
    }


def request_row(record: Record) -> Row:
    """The row of `requests` for a record. An event has none, but is listed like the others."""
    return {
        "id": record.id,
        "received_at": storable(record.received_at) or 0,
        "outcome": OUTCOMES[record.kind].value,
        "status": _int64(record.status),
        "reason": _cut(record.reason, _ERROR_LENGTH),
        "errors": None if record.errors is None else json_text(record.errors),
        "source": searchable(record.source),
        "trigger": searchable(record.trigger),
        "app_id": searchable(record.app_id),
        "event_id": record.id if record.kind is Kind.EVENT else record.event_id,
        "headers": json_text(record.headers),
        "size": _int64(record.size),
        "body": record.body if record.body or not record.size else None,
    }


def run_row(event_id: str, result: RunResult) -> Row:
    """The row of `runs` for the result of a run on the event with that id."""
    row: Row = {
        "event_id": event_id,
        "handler": searchable(result.handler),
        "replay": LIVE if result.replay is None else searchable(result.replay),
        "state": result.state.value,
        "attempts": _int64(result.attempts) or 0,
        "started_at": storable(result.started_at),
        "finished_at": storable(result.finished_at),
        "error": result.error,
        "traceback": result.traceback,
        "failed_in": result.failed_in,
        "next_at": result.next_at,
        "version": searchable(result.version),
        "effects": result.effects or None,
    }
    for name, shortened in _OF_FEW_RUNS.items():
        if row[name] is not None:
            row[name] = shortened(row[name])
    return row


def attempt_row(event_id: str, result: RunResult, attempt: Attempt) -> Row:
    """The row of `attempts` for one before the last of a run on the event with that id."""
    return {
        "event_id": event_id,
        "handler": searchable(result.handler),
        "replay": LIVE if result.replay is None else searchable(result.replay),
        "number": _int64(attempt.number) or 0,
        "started_at": storable(attempt.started_at),
        "finished_at": storable(attempt.finished_at),
        "error": _cut(attempt.error, _ERROR_LENGTH),
        "effects": _lines(attempt.effects),
    }


def rare_row(event_id: str, result: RunResult) -> Row:
    """The row of `runs` for a result of a run that stands in a line, or waits for its plugin."""
    return {
        **run_row(event_id, result),
        "lane": searchable(result.lane),
        "place": None if result.lane is None else _int64(result.place) or 0,
        "left_out_at": storable(result.left_out_at),
    }


class _Searchable(dict[str | None, str | None]):
    """Text as a searched column keeps it, by the text. Of a batch nearly all of it repeats: apps,
    triggers, handlers, and conversations too.
    """

    def __missing__(self, text: str | None) -> str | None:
        """Work it out, and remember what needs no change."""
        kept = None if text is None else scrub(cut(text, TEXT_LENGTH))
        if kept == text:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[text] = kept
        return kept


searchable = _Searchable().__getitem__
"""`text` as a searched column keeps it: scrubbed, and cut with an ellipsis."""


def _cut(text: str | None, length: int) -> str | None:
    return None if text is None else scrub(cut(text, length))


def _end_of(text: str | None, length: int) -> str | None:
    # The end of a traceback is where the error is, and that of a place is the line.
    return None if text is None else scrub(end_of(text, length))


def _lines(lines: Sequence[str]) -> str | None:
    return json_text(lines) if lines else None


def _int64(number: int | None) -> int | None:
    return number if number is not None and number in _INT64 else None


def json_text(value: Any) -> str:
    """JSON that a column of text takes."""
    return dumps(value, scrubs=True).decode()


_OF_FEW_RUNS: dict[str, Callable[[Any], Any]] = {
    "error": lambda text: _cut(text, _ERROR_LENGTH),
    "traceback": lambda text: _end_of(text, _TRACEBACK_LENGTH),
    "failed_in": lambda text: _end_of(text, _ERROR_LENGTH),
    "next_at": storable,
    "effects": json_text,
}
"""What makes the values of columns that are null for nearly every run."""
