"""Events as a listing gives them: rows, put together with their runs and their repeats."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from comethooks.workers.journal.decisions import UNDECIDED, decided
from comethooks.workers.journal.listings.queries import LISTED_RUN, last_duplicates
from comethooks.workers.journal.listings.stored import StoredDuplicates, StoredEvent, StoredRun
from comethooks.workers.journal.runs import past_attempts
from comethooks.workers.journal.runs.waiting_lines import waited_for
from comethooks.workers.journal.tables.models import LIVE, runs
from comethooks.workers.journal.tables.rows import Row
from comethooks.workers.states import RunState


def rows_of(connection: Connection, query: Select[Any]) -> Sequence[Row]:
    """What a query finds, by the names of its columns."""
    result = connection.execute(query)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def events_with_runs(connection: Connection, rows: Sequence[Row]) -> list[StoredEvent]:
    """The events in `rows`, with their runs, what was decided on each, and how often it was
    repeated.
    """
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    of_event = runs_by_event(connection, ids, LISTED_RUN)
    repeats = {
        row["event_id"]: StoredDuplicates(
            count=row["count"], last_at=row["last_at"], last_request_id=row["last_request_id"]
        )
        for row in rows_of(connection, last_duplicates(ids))
    }
    decisions = decided(connection, ids)
    return [
        StoredEvent.from_row(
            row,
            of_event[row["id"]],
            repeats.get(row["id"], StoredDuplicates()),
            decisions.get(row["id"], UNDECIDED),
        )
        for row in rows
    ]


def runs_by_event(
    connection: Connection,
    ids: Sequence[str],
    columns: Collection[ColumnElement[Any]],
    *,
    attempts: bool = False,
) -> Mapping[str, list[StoredRun]]:
    """The runs on the events, with their attempts if these are asked for."""
    order = (runs.c.event_id, runs.c.replay, runs.c.handler)
    query = select(*columns).where(runs.c.event_id.in_(ids)).order_by(*order)
    found: defaultdict[str, list[StoredRun]] = defaultdict(list)
    earlier = (
        past_attempts.before_last(connection, ids, effects=runs.c.effects in columns)
        if attempts
        else {}
    )
    for row in rows_of(connection, query):
        key = row["event_id"], row["handler"], row["replay"]
        before = earlier.get(key, ()) if attempts else None
        found[row["event_id"]].append(StoredRun.from_row(row, before))
    _name_what_is_waited_for(connection, found)
    return found


def _name_what_is_waited_for(connection: Connection, found: Mapping[str, list[StoredRun]]) -> None:
    waiting = [
        key
        for key, of_event in found.items()
        if any(run.state is RunState.WAITING for run in of_event)
    ]
    if not waiting:
        return
    first_of = waited_for(connection, waiting)
    for event_id in waiting:
        found[event_id][:] = [
            replace(run, waits_for=first_of.get((event_id, run.handler, run.replay or LIVE)))
            if run.state is RunState.WAITING
            else run
            for run in found[event_id]
        ]
