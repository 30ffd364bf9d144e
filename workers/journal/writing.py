"""One batch, one transaction. Writing it again, whole or in part, changes nothing.

What is not as expected in bodies is counted up, and so only for events that were not there: the
database says which, if it is asked, and it is asked only when something in the batch is not as
expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from comethooks.workers.journal import counting
from comethooks.workers.journal.settled import RunResult, Settled
from comethooks.workers.journal.tables.models import attempts, events, requests, runs
from comethooks.workers.journal.tables.rows import (
    Row,
    attempt_row,
    event_row,
    line_row,
    request_row,
    run_row,
)
from comethooks.workers.journal.tables.statements import InsertMany
from comethooks.workers.record import Kind, Record

_NOT_WRITTEN = {"claim", "claimed_at", "deaths"}
"""Columns of runs that are for those run from a claim."""
_OF_A_LINE = {"lane", "place"}
"""Columns of runs that are for those in a line: all others do without them."""


def write(connection: Connection, batch: Sequence[Settled]) -> None:
    """Write `batch` within the transaction of `connection`. What is there already stays as it is.

    For runs too: whatever a drainer writes was marked in Redis under its fence before, so whoever
    follows it writes the same. A drainer that comes late must not undo what was done since, a retry
    or a dismissal.
    """
    accepted = [settled for settled in batch if settled.record.kind is Kind.EVENT]
    others = [settled.record for settled in batch if settled.record.kind is not Kind.EVENT]
    results = [(settled.record.id, result) for settled in accepted for result in settled.runs]
    drifting = {each.record.id: each.record for each in accepted if each.record.drift}
    inserts = _inserts(connection.dialect.name)
    rows = [event_row(each.record, each.partition) for each in accepted]
    if drifting:
        new = {identifier for (identifier,) in inserts.events.execute_returning(connection, rows)}
    else:
        inserts.events.execute(connection, rows)
    free, in_line = _rows_of(results)
    inserts.runs.execute(connection, free)
    inserts.in_line.execute(connection, in_line)
    earlier = [attempt_row(*each, attempt) for each in results for attempt in each[1].earlier]
    inserts.attempts.execute(connection, earlier)
    inserts.requests.execute(connection, [request_row(record) for record in others])
    if drifting:  # last, since others that count wait until this transaction ends
        counting.count(connection, [record for record in drifting.values() if record.id in new])


def new_runs(connection: Connection, results: Sequence[tuple[str, RunResult]]) -> int:
    """Write runs on events that are there, each with its event's id; returns how many were new."""
    inserts = _inserts(connection.dialect.name)
    free, in_line = _rows_of(results)
    new = inserts.runs.execute_returning(connection, free)
    return len(new) + len(inserts.in_line.execute_returning(connection, in_line))


def new_event(connection: Connection, record: Record) -> bool:
    """Write an event that came through no stream. False if it is there already, and stays."""
    inserts = _inserts(connection.dialect.name)
    return bool(inserts.events.execute_returning(connection, [event_row(record, None)]))


def _rows_of(results: Sequence[tuple[str, RunResult]]) -> tuple[list[Row], list[Row]]:
    """The rows of runs that stand in no line, and of those that do."""
    return (
        [run_row(*each) for each in results if each[1].lane is None],
        [line_row(*each) for each in results if each[1].lane is not None],
    )


@dataclass(frozen=True, slots=True)
class _Inserts:
    events: InsertMany
    runs: InsertMany
    in_line: InsertMany
    attempts: InsertMany
    requests: InsertMany


@cache
def _inserts(name: str) -> _Inserts:
    written = [column.name for column in runs.c if column.name not in _NOT_WRITTEN]
    return _Inserts(
        events=InsertMany(name, events, events.c.keys()),
        runs=InsertMany(name, runs, [column for column in written if column not in _OF_A_LINE]),
        in_line=InsertMany(name, runs, written),
        attempts=InsertMany(name, attempts, attempts.c.keys()),
        requests=InsertMany(name, requests, requests.c.keys()),
    )
