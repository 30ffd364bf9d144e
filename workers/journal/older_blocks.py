"""Blocks of the rows that a version wrote which knew of none: without one, a listing would not look
where these rows are.

Whoever upgrades the tables writes all that are missing. What an older version writes while it still
runs beside this one is covered by the leading scheduler, some minutes later. A row that is covered
twice costs a little room for as long as it is kept.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from comethooks.workers.journal import blocks
from comethooks.workers.journal.listings.queries import Place, in_order
from comethooks.workers.journal.old_places import SLACK_MS, end_task, note_place, place_of
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import LIVE, Outcome, events, requests, runs
from comethooks.workers.journal.tables.statements import chunks
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import RunState

TASKS = {"blocks of events": events, "blocks of requests": requests}
AT_ONCE = 20 * blocks.SIZE
"""Rows that an upgrade covers in one transaction."""
_OF_EVENT = ("source", "trigger", "name", "app_id", "conversation_id", "sender")
_OF_REQUEST = ("source", "trigger", "app_id", "status")
_KINDS = {Outcome.DUPLICATE.value: Kind.DUPLICATE, Outcome.REFUSED.value: Kind.REFUSED}


def cover_older(engine: Engine, *, now: int, limit: int) -> int:
    """Cover up to `limit` older rows of each kind; how many there were, 0 when none are left."""
    return sum(_step(engine, task, now, limit) for task in TASKS)


def cover_all(engine: Engine, *, now: int, begins: Callable[[], object]) -> None:
    """Cover what is there. `begins` is called when that may take a while.

    Those of the last minutes are covered, too, and again later on, since more may come between.
    """
    for step in count():
        if not cover_older(engine, now=now, limit=AT_ONCE):
            break
        if step == 0:
            begins()
    for task, table in TASKS.items():
        with engine.connect() as connection:
            old = place_of(connection, task)
        after = None if old is None else old.after
        while old is not None:
            found, after = _read(engine, table, after, None, AT_ONCE)
            if not found:
                break
            with for_writing(engine).begin() as connection:
                _cover(connection, table, found)


def _step(engine: Engine, task: str, now: int, limit: int) -> int:
    table = TASKS[task]
    with engine.connect() as connection:
        old = place_of(connection, task)
    if old is None:
        return 0
    found, after = _read(engine, table, old.after, now - SLACK_MS, limit)
    with for_writing(engine).begin() as connection:
        if after is not None and found:
            _cover(connection, table, found)
            note_place(connection, task, after)
        elif old.until < now - SLACK_MS:
            end_task(connection, task)
    return len(found)


def _read(
    engine: Engine, table: Table, after: Place | None, before: int | None, limit: int
) -> tuple[Sequence[Any], Place | None]:
    """The next rows, received before `before` (ms), and the place of the last of them."""
    names = ("id", "received_at", *(_OF_EVENT if table is events else (*_OF_REQUEST, "outcome")))
    query = select(*(table.c[name] for name in names))
    if before is not None:
        query = query.where(table.c.received_at < before)
    with engine.connect() as connection:
        found = connection.execute(in_order(query, table, after, limit)).all()
    return found, Place(found[-1].received_at, found[-1].id) if found else after


def _cover(connection: Connection, table: Table, found: Sequence[Any]) -> None:
    if table is events:
        with_runs = _runs_of(connection, found)
        blocks.cover(connection, ((_event(row), with_runs.get(row.id, ())) for row in found))
    else:
        blocks.cover_requests(connection, map(_request, found))


def _event(row: Any) -> Record:
    told = {name: getattr(row, name) for name in _OF_EVENT}
    return Record(kind=Kind.EVENT, id=row.id, received_at=row.received_at, **told)


def _request(row: Any) -> Record:
    told = {name: getattr(row, name) for name in _OF_REQUEST}
    return Record(kind=_KINDS[row.outcome], id=row.id, received_at=row.received_at, **told)


def _runs_of(connection: Connection, found: Sequence[Any]) -> dict[str, list[RunResult]]:
    """What blocks tell of runs, by the event."""
    columns = (runs.c.event_id, runs.c.handler, runs.c.replay, runs.c.state)
    results: defaultdict[str, list[RunResult]] = defaultdict(list)
    for ids in chunks([row.id for row in found], 2 * blocks.SIZE):
        query = select(*columns).where(runs.c.event_id.in_(ids))
        for event_id, handler, replay, state in connection.execute(query):
            name = None if replay == LIVE else replay
            run = RunResult(handler, RunState(state), 0, None, None, replay=name)
            results[event_id].append(run)
    return results
