"""One batch, one transaction. Writing it again, whole or in part, changes nothing.

Only events that were not there are counted: the database says which, see
`workers.journal.counting`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Engine

from comethooks.workers.journal import blocks
from comethooks.workers.journal.about_messages import insert_about
from comethooks.workers.journal.counting import Counting
from comethooks.workers.journal.decisions import decision_rows
from comethooks.workers.journal.settled import RunResult, Settled
from comethooks.workers.journal.tables.database import counts_figures
from comethooks.workers.journal.tables.decision_table import decisions
from comethooks.workers.journal.tables.models import attempts, events, requests, runs
from comethooks.workers.journal.tables.rows import (
    Row,
    attempt_row,
    event_row,
    rare_row,
    request_row,
    run_row,
)
from comethooks.workers.journal.tables.statements import InsertMany, run
from comethooks.workers.record import Kind, Record

_NOT_WRITTEN = {"claim", "claimed_at", "deaths"}
"""Columns of runs that are for those run from a claim."""
_RARE = {"lane", "place", "left_out_at"}
"""Columns of runs that are for those in a line, or without their plugin: all others do without
them."""


class Batch:
    """What is to be written in one transaction, worked out for a dialect before it begins: SQLite
    has one writer at a time, and the others wait.
    """

    def __init__(self, engine: Engine, batch: Sequence[Settled]) -> None:
        dialect = engine.dialect
        inserts = self._inserts = _inserts(dialect.name)
        accepted = [settled for settled in batch if settled.record.kind is Kind.EVENT]
        requested = [settled.record for settled in batch if settled.record.kind is not Kind.EVENT]
        results = [(settled.record.id, result) for settled in accepted for result in settled.runs]
        usual, rare = _rows_of(results)
        earlier = [attempt_row(*each, attempt) for each in results for attempt in each[1].earlier]
        self._covered = [(each.record, each.runs) for each in accepted]
        self._requests = requested
        records = [each.record for each in accepted]
        self._counting = Counting(records, figures=counts_figures(engine))
        self._events = inserts.events.prepare(
            dialect, [event_row(each.record, each.partition) for each in accepted]
        )
        self._others = [
            *inserts.decisions.prepare(dialect, decision_rows(records)),
            *insert_about(dialect.name).prepare(dialect, self._counting.about),
            *inserts.runs.prepare(dialect, usual),
            *inserts.rare_runs.prepare(dialect, rare),
            *inserts.attempts.prepare(dialect, earlier),
            *inserts.requests.prepare(dialect, [request_row(record) for record in requested]),
        ]

    def write(self, connection: Connection) -> None:
        """Write it within the transaction of `connection`. What is there already stays as it is.

        For runs too: whatever a drainer writes was marked in Redis under its fence before, so
        whoever follows it writes the same. A drainer that comes late must not undo what was done
        since, a retry or a dismissal.
        """
        new = self._insert_events(connection)
        blocks.cover(connection, self._covered)
        run(connection, self._others)
        blocks.cover_requests(connection, self._requests)
        self._counting.write(connection, new)

    def _insert_events(self, connection: Connection) -> Collection[str]:
        """Insert the events; the ids of those that were not there, if they are to be counted."""
        if connection.dialect.name != "sqlite" and self._counting.is_wanted:
            found = self._inserts.events.run_returning(connection, self._events)
            return {identifier for (identifier,) in found}
        # To return every id costs SQLite and its driver as much as half of the insert.
        number = run(connection, self._events)
        if not self._counting.is_wanted or number == len(self._counting.ids):
            return self._counting.ids
        # It has one writer at a time, and gives each row a higher number than all before.
        newest = "SELECT id FROM events ORDER BY rowid DESC LIMIT ?"
        return set(connection.exec_driver_sql(newest, (number,)).scalars())


def new_runs(connection: Connection, results: Sequence[tuple[str, RunResult]]) -> int:
    """Write runs on events that are there, each with its event's id; returns how many were new."""
    inserts = _inserts(connection.dialect.name)
    usual, rare = _rows_of(results)
    new = inserts.runs.execute_returning(connection, usual)
    number = len(new) + len(inserts.rare_runs.execute_returning(connection, rare))
    blocks.tell_of_runs(connection, results)
    return number


def new_event(connection: Connection, record: Record) -> bool:
    """Write an event that came through no stream. False if it is there already, and stays."""
    inserts = _inserts(connection.dialect.name)
    blocks.cover(connection, [(record, ())])
    new = inserts.events.execute_returning(connection, [event_row(record, None)])
    counting = Counting([record], figures=counts_figures(connection))
    insert_about(connection.dialect.name).execute(connection, counting.about)
    counting.write(connection, {identifier for (identifier,) in new})
    return bool(new)


def _rows_of(results: Sequence[tuple[str, RunResult]]) -> tuple[list[Row], list[Row]]:
    """The rows of runs, and of those that stand in a line or wait for their plugin."""
    rare = [each for each in results if _is_rare(each[1])]
    usual = [each for each in results if not _is_rare(each[1])] if rare else results
    return [run_row(*each) for each in usual], [rare_row(*each) for each in rare]


def _is_rare(result: RunResult) -> bool:
    return result.lane is not None or result.left_out_at is not None


@dataclass(frozen=True, slots=True)
class _Inserts:
    events: InsertMany
    decisions: InsertMany
    runs: InsertMany
    rare_runs: InsertMany
    attempts: InsertMany
    requests: InsertMany


@cache
def _inserts(name: str) -> _Inserts:
    written = [column.name for column in runs.c if column.name not in _NOT_WRITTEN]
    return _Inserts(
        events=InsertMany(name, events, events.c.keys()),
        decisions=InsertMany(name, decisions, decisions.c.keys()),
        runs=InsertMany(name, runs, [column for column in written if column not in _RARE]),
        rare_runs=InsertMany(name, runs, written),
        attempts=InsertMany(name, attempts, attempts.c.keys()),
        requests=InsertMany(name, requests, requests.c.keys()),
    )
