"""What is deleted from the journal when it is old, a few rows at a time.

Rows are found oldest first without a lock, and then changed by their ids in one short transaction,
in which their condition is asked for once more. An event that somebody may still want to see run,
one with a run that is neither done nor dismissed nor skipped, is kept whole; so is one that a
replay has yet to come to.
"""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Table,
    Update,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from comethooks.workers.journal import blocks, once_keys
from comethooks.workers.journal.figures import figure_marks
from comethooks.workers.journal.figures.figure_marks import Mark
from comethooks.workers.journal.listings.queries import Condition, Place, in_order
from comethooks.workers.journal.replaying.dry_runs import ENDED_DRY
from comethooks.workers.journal.replaying.replayable import awaited
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import (
    attempts,
    events,
    replays,
    requests,
    runs,
)
from comethooks.workers.states import RunState

FINISHED = (RunState.DONE, RunState.DISMISSED, RunState.SKIPPED)
"""The states of runs that nothing more happens to, unless somebody asks for it. What failed in a
dry run counts as finished, too."""


class Cursor(NamedTuple):
    """How far events and requests were looked at, oldest first; None is the beginning."""

    events: Place | None = None
    requests: Place | None = None


START = Cursor()


@dataclass(frozen=True, slots=True)
class Swept:
    """What one step did: it changed `count` rows. With `more`, the next begins `after`."""

    count: int
    after: Cursor
    more: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """What to change: rows of `table` that are `wanted`, by a statement for those whose id is in
    `id_column`.
    """

    table: Table
    wanted: Condition
    change: Update | Delete
    id_column: Column[str]
    spares_awaited: bool = False
    """Whether events stay as they are that a replay has yet to come to."""
    attempts: Delete | None = None
    """What goes with them of the attempts before the last ones."""
    takes_bodies: bool = False
    """Whether events have no body afterwards: figures cannot be rebuilt of these."""
    dry_runs: bool = False
    """Whether what dry runs would have done goes with them: it holds what was in their bodies."""


Tasks = tuple[_Task, ...]


def _number_of_runs(*conditions: Condition) -> ColumnElement[int]:
    # A number and not EXISTS, which PostgreSQL joins with all runs there are.
    found = select(func.count()).where(runs.c.event_id == events.c.id, *conditions)
    return found.scalar_subquery()


_FINISHED_RUN = or_(runs.c.state.in_([state.value for state in FINISHED]), ENDED_DRY)
_UNWANTED = _number_of_runs(~_FINISHED_RUN) == 0
_DETAILED = and_(_FINISHED_RUN, runs.c.traceback.is_not(None))
_OF_FINISHED_RUN = exists().where(
    runs.c.event_id == attempts.c.event_id,
    runs.c.handler == attempts.c.handler,
    runs.c.replay == attempts.c.replay,
    _FINISHED_RUN,
)
_NUMBER_OF_ATTEMPTS = (
    select(func.count())
    .select_from(attempts)
    .where(attempts.c.event_id == events.c.id, _OF_FINISHED_RUN)
    .scalar_subquery()
)

DELETE = (
    _Task(
        events,
        _UNWANTED,
        delete(events).where(_UNWANTED),
        events.c.id,
        spares_awaited=True,
        takes_bodies=True,
    ),
    _Task(requests, true(), delete(requests), requests.c.id),
)
"""Delete events, with their runs, and requests."""
DROP_PAYLOADS = (
    _Task(
        events,
        and_(_UNWANTED, func.length(events.c.body) > 0),
        update(events).where(_UNWANTED).values(body=b""),
        events.c.id,
        spares_awaited=True,
        takes_bodies=True,
        dry_runs=True,
    ),
    _Task(
        requests,
        func.length(requests.c.body) > 0,
        update(requests).values(body=None),
        requests.c.id,
    ),
)
"""Drop bodies, and what dry runs would have sent of them, and keep all else."""
DROP_RUN_DETAILS = (
    _Task(
        events,
        or_(_number_of_runs(_DETAILED) > 0, _NUMBER_OF_ATTEMPTS > 0),
        update(runs).where(_DETAILED).values(traceback=None),
        runs.c.event_id,
        attempts=delete(attempts).where(_OF_FINISHED_RUN),
    ),
)
"""Drop the tracebacks of finished runs, and what is known of their attempts before the last one."""


def sweep(engine: Engine, tasks: Tasks, before: int, limit: int, after: Cursor) -> Swept:
    """Do `tasks` for up to `limit` events and requests received before `before`, after `after`."""
    count, found = 0, 0
    for task in tasks:
        place = after._asdict()[task.table.name]
        places = _oldest(engine, task, before, limit - found, place) if found < limit else []
        if places:
            ids = {place.id for place in places}
            with for_writing(engine).begin() as connection:
                spared = awaited(connection, ids, before) if task.spares_awaited else set()
                statement = task.change.where(task.id_column.in_(ids - spared))
                count += connection.execute(statement).rowcount
                if task.takes_bodies:
                    figure_marks.put_later(connection, Mark.DELETED, before)
                if statement.is_delete:
                    blocks.forget_older(connection, task.table)
                    once_keys.forget_of_deleted(connection, ids)
                if task.attempts is not None:
                    of_them = attempts.c.event_id.in_(ids - spared)
                    count += connection.execute(task.attempts.where(of_them)).rowcount
                if task.dry_runs:
                    _drop_dry_runs(connection, ids)
            found += len(places)
            after = after._replace(**{task.table.name: places[-1]})
    return Swept(count, after, more=found == limit)


def _drop_dry_runs(connection: Connection, ids: set[str]) -> None:
    """Drop the effects of dry runs on those of the events that have no body any more."""
    bare = select(events.c.id).where(events.c.id.in_(ids), func.length(events.c.body) == 0)
    dry = select(replays.c.name).where(replays.c.dry_run)
    for table in (runs, attempts):
        of_them = table.c.event_id.in_(bare), table.c.replay.in_(dry), table.c.effects.is_not(None)
        connection.execute(update(table).where(*of_them).values(effects=None))


def _oldest(
    engine: Engine, task: _Task, before: int, limit: int, after: Place | None
) -> list[Place]:
    received_at = task.table.c.received_at
    query = select(received_at, task.table.c.id).where(received_at < before, task.wanted)
    with engine.connect() as connection:
        rows = connection.execute(in_order(query, task.table, after, limit))
        return [Place(*row) for row in rows]
