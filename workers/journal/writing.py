"""One batch, one transaction. Writing it again, whole or in part, changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import Dialect

from workers.journal.models import Instant, events, requests, runs
from workers.journal.rows import Row, event_row, request_row, run_row
from workers.journal.settled import Settled
from workers.record import Kind
from workers.states import RunState

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_DIALECT: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}
"""For compiling only: parameters by position, so that the values of a row can be repeated."""
_ROWS = 200
"""Rows of one statement; PostgreSQL takes 65,535 parameters, SQLite 32,766."""
_RUN_KEY = ("event_id", "handler", "replay")


def write(connection: Connection, batch: Sequence[Settled]) -> None:
    """Write `batch` within the transaction of `connection`.

    Events and requests that are there already stay as they are. A run takes its new state unless it is done:
    the SQL write cannot be fenced, and a drainer that lost its lease may come late with an older result.
    """
    accepted = [settled for settled in batch if settled.record.kind is Kind.EVENT]
    others = [settled.record for settled in batch if settled.record.kind is not Kind.EVENT]
    results = [(settled.record.id, result) for settled in accepted for result in settled.runs]
    upserts = _upserts(connection.dialect.name)
    upserts.events.execute(connection, [event_row(each.record, each.partition) for each in accepted])
    upserts.runs.execute(connection, [run_row(event_id, result) for event_id, result in results])
    upserts.requests.execute(connection, [request_row(record) for record in others])


class _Upsert:
    """An upsert of many rows in one statement.

    A statement for each row would, in SQLite, give Python's global lock away and wait for it once a row.
    """

    def __init__(self, dialect: Dialect, table: Table, statement: Any) -> None:
        self._columns = table.c.keys()
        self._key = tuple(column.name for column in table.primary_key)
        self._sort_key = itemgetter(*self._key)
        self._instants = tuple(column.name for column in table.c if isinstance(column.type, Instant))
        single = str(statement.compile(dialect=dialect, column_keys=self._columns))
        start = single.index("VALUES ") + len("VALUES ")
        end = single.index(" ON CONFLICT")
        self._head, self._values, self._tail = single[:start], single[start:end], single[end:]

    def execute(self, connection: Connection, rows: list[Row]) -> None:
        """Write `rows`; of two with the same key the later one."""
        to_sql, dialect = Instant().process_bind_param, connection.dialect
        for row in rows:
            for name in self._instants:
                row[name] = to_sql(row[name], dialect)
        # Sorted, in all processes alike, so that no two transactions wait for each other's rows.
        ordered = [row for _, row in sorted({self._sort_key(row): row for row in rows}.items())]
        for chunk in _chunks(ordered, _ROWS):
            sql = self._head + ", ".join([self._values] * len(chunk)) + self._tail
            connection.exec_driver_sql(sql, tuple(row[name] for row in chunk for name in self._columns))


def _chunks(rows: list[Row], size: int) -> Iterator[list[Row]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


@dataclass(frozen=True, slots=True)
class _Upserts:
    events: _Upsert
    runs: _Upsert
    requests: _Upsert


@cache
def _upserts(name: str) -> _Upserts:
    insert, dialect = _INSERT[name], _DIALECT[name]
    run = insert(runs)
    newer = {column.name: run.excluded[column.name] for column in runs.c if column.name not in _RUN_KEY}
    not_done = runs.c.state != literal_column(f"'{RunState.DONE.value}'")
    update = run.on_conflict_do_update(index_elements=list(_RUN_KEY), set_=newer, where=not_done)
    return _Upserts(
        events=_Upsert(dialect, events, insert(events).on_conflict_do_nothing(index_elements=["id"])),
        runs=_Upsert(dialect, runs, update),
        requests=_Upsert(dialect, requests, insert(requests).on_conflict_do_nothing(index_elements=["id"])),
    )
