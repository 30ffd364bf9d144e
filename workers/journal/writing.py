"""One batch, one transaction. Writing it again, whole or in part, changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from workers.journal.models import Instant, events, requests, runs
from workers.journal.rows import Row, event_row, request_row, run_row
from workers.journal.settled import Settled
from workers.record import Kind
from workers.states import RunState

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_RUN_KEY = ("event_id", "handler", "replay")


def write(connection: Connection, batch: Sequence[Settled]) -> None:
    """Write `batch` within the transaction of `connection`.

    Events and requests that are there already stay as they are. A run takes its new state unless it is done:
    the SQL write cannot be fenced, and a drainer that lost its lease may come late with an older result.
    """
    accepted = [settled for settled in batch if settled.record.kind is Kind.EVENT]
    others = [settled.record for settled in batch if settled.record.kind is not Kind.EVENT]
    results = [(settled.record.id, result) for settled in accepted for result in settled.runs]
    upserts = _upserts(connection.dialect)
    upserts.events.execute(connection, [event_row(each.record, each.partition) for each in accepted])
    upserts.runs.execute(connection, [run_row(event_id, result) for event_id, result in results])
    upserts.requests.execute(connection, [request_row(record) for record in others])


@dataclass(frozen=True, slots=True)
class _Upsert:
    """A compiled statement for the driver itself: SQLAlchemy's care for each row doubles the cost."""

    sql: str
    key: tuple[str, ...]
    instants: tuple[str, ...]

    def execute(self, connection: Connection, rows: list[Row]) -> None:
        if not rows:
            return
        to_sql, dialect = Instant().process_bind_param, connection.dialect
        for row in rows:
            for name in self.instants:
                row[name] = to_sql(row[name], dialect)
        # Sorted, in all processes alike, so that no two transactions wait for each other's rows.
        rows.sort(key=itemgetter(*self.key))
        connection.exec_driver_sql(self.sql, rows)


@dataclass(frozen=True, slots=True)
class _Upserts:
    events: _Upsert
    runs: _Upsert
    requests: _Upsert


@cache
def _upserts(dialect: Dialect) -> _Upserts:
    insert = _INSERT[dialect.name]
    run = insert(runs)
    newer = {column.name: run.excluded[column.name] for column in runs.c if column.name not in _RUN_KEY}
    not_done = runs.c.state != literal_column(f"'{RunState.DONE.value}'")
    return _Upserts(
        events=_upsert(dialect, events, insert(events).on_conflict_do_nothing(index_elements=["id"])),
        runs=_upsert(
            dialect,
            runs,
            run.on_conflict_do_update(index_elements=list(_RUN_KEY), set_=newer, where=not_done),
        ),
        requests=_upsert(dialect, requests, insert(requests).on_conflict_do_nothing(index_elements=["id"])),
    )


def _upsert(dialect: Dialect, table: Table, statement: Any) -> _Upsert:
    return _Upsert(
        sql=str(statement.compile(dialect=dialect, column_keys=table.c.keys())),
        key=tuple(column.name for column in table.primary_key),
        instants=tuple(column.name for column in table.c if isinstance(column.type, Instant)),
    )
