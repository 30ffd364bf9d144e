"""Lines: the runs of an ordered handler that are not done, those of each conversation one behind
the other.

A run stands in a line when it has a `lane` (what orders its event) and is not done. A line begins
with a run that failed in a drainer; behind it wait those of later events. Only the first of a line
may run:

- it fails: it is `retrying`, or `dead`, and stays the first;
- it is done, is dismissed, or is taken out (`unblock`: it stays what it is, without a lane): in the
  same transaction the next one, if it is `waiting`, becomes `retrying` and due at once.

Places are those of the stream or, in the lines of a replay, those of its events (see
`workers.replays.lines`); of one place, the least id of an event comes first. So a line only grows
at its end, and what is the first stays it until it leaves. That makes `release` right at whatever
moment it is called, and any number of times. It is called in vain when a run is put into the line
by one transaction of PostgreSQL while another one, which cannot see it yet, takes away the last
that was before it, or when a drainer has read that somebody stands there who is gone at its commit.
Such a run waits for nobody; the scheduler looks for those once a second, and less often when there
are so many lines that it is slow.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from comethooks.workers.journal.tables.models import runs
from comethooks.workers.states import RunState


class Line(NamedTuple):
    """What a line is found by."""

    handler: str
    lane: str


def in_line(table: FromClause = runs) -> ColumnElement[bool]:
    """The condition of the partial index of lines, word for word: else SQL does not use it."""
    return and_(
        table.c.lane.is_not(None), table.c.state != literal_column(f"'{RunState.DONE.value}'")
    )


HOLDS_UP: ColumnElement[bool] = and_(
    in_line(),
    or_(
        runs.c.state == RunState.DEAD.value,
        and_(runs.c.state == RunState.RETRYING.value, runs.c.attempts > 0),
    ),
)
"""Runs that failed, and that later ones would have to wait for."""

_others = runs.alias("others")
_same = runs.alias("same")
_BEFORE = and_(
    in_line(_others),
    _others.c.handler == runs.c.handler,
    _others.c.lane == runs.c.lane,
    tuple_(_others.c.place, _others.c.event_id) < tuple_(runs.c.place, runs.c.event_id),
)
_WAITING = and_(in_line(), runs.c.state == RunState.WAITING.value)


def length(connection: Connection, line: Line, limit: int) -> int:
    """How many runs stand in `line`; counts no further than `limit`."""
    found = select(runs.c.place).where(_of(line)).limit(limit).subquery()
    return connection.scalar(select(func.count()).select_from(found)) or 0


def release(connection: Connection, lines: Iterable[Line], *, now: int) -> int:
    """Make the first run of each of `lines` due at `now` if it waits; how many these were."""
    released = {"state": RunState.RETRYING.value, "next_at": now}
    changed = 0
    # Sorted, in all processes alike, so that no two transactions wait for each other's rows.
    for line in sorted(lines):
        place = _least(
            _others.c.place, _others.c.handler == line.handler, _others.c.lane == line.lane
        )
        first = select(func.min(_same.c.event_id)).where(_of(line, _same), _same.c.place == place)
        # Whether it waits is asked in the same statement: it may have been released meanwhile, and
        # have failed since.
        statement = update(runs).where(
            _of(line), _WAITING, runs.c.event_id == first.scalar_subquery()
        )
        changed += connection.execute(statement.values(released)).rowcount
    return changed


def releasable(connection: Connection) -> list[Line]:
    """The lines whose first run waits, for nobody. Costs a search or two for each line.

    Of several runs at the first place one is looked at, whichever: while the first of them waits
    the others do.
    """
    return [Line(*row) for row in connection.execute(_releasable())]


@cache
def _releasable() -> Select[Any]:
    """Made once: to put it together costs more than to run it, and it is asked every second."""
    line = _all_lines()
    first = (
        select(_others.c.state)
        .where(in_line(_others), _others.c.handler == line.c.handler, _others.c.lane == line.c.lane)
        .order_by(_others.c.place)
        .limit(1)
        .scalar_subquery()
    )
    return select(line.c.handler, line.c.lane).where(
        line.c.lane.is_not(None), first == RunState.WAITING.value
    )


def _all_lines() -> CTE:
    """All lines in order, each found by a search for the next; and one row without a lane."""
    handlers = select(_least(_others.c.handler, _others.c.handler > "").label("handler")).cte(
        "handlers", recursive=True
    )
    known = handlers.c.handler
    handlers = handlers.union_all(
        select(_least(_others.c.handler, _others.c.handler > known)).where(known.is_not(None))
    )
    handler = handlers.c.handler
    found = (
        select(handler, _least(_others.c.lane, _others.c.handler == handler).label("lane"))
        .where(handler.is_not(None))
        .cte("found", recursive=True)
    )
    same, before = found.c.handler, found.c.lane
    following = _least(_others.c.lane, _others.c.handler == same, _others.c.lane > before)
    return found.union_all(select(same, following).where(before.is_not(None)))


def _least(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.min(column)).where(in_line(_others), *conditions).scalar_subquery()


def lines_of(connection: Connection, *conditions: ColumnElement[bool]) -> set[Line]:
    """The lines in which runs stand that meet all `conditions`."""
    query = select(runs.c.handler, runs.c.lane).where(in_line(), *conditions).distinct()
    return {Line(*row) for row in connection.execute(query)}


def fall_in(connection: Connection, event_ids: Collection[str]) -> None:
    """Have those runs of events that are due, and are not the first of their line, wait for it."""
    due = and_(in_line(), runs.c.state == RunState.RETRYING.value, runs.c.event_id.in_(event_ids))
    before = select(_others.c.place).where(_BEFORE).limit(1).correlate(runs).scalar_subquery()
    waiting: dict[str, Any] = {"state": RunState.WAITING.value, "next_at": None}
    connection.execute(update(runs).where(due, before.is_not(None)).values(waiting))


def waited_for(
    connection: Connection, event_ids: Collection[str]
) -> Mapping[tuple[str, str, str], str]:
    """For each waiting run on these events, by its key: the event of the first of its line."""
    first = (
        select(_others.c.event_id)
        .where(_BEFORE)
        .order_by(_others.c.place, _others.c.event_id)
        .limit(1)
        .correlate(runs)
        .scalar_subquery()
    )
    query = select(runs.c.event_id, runs.c.handler, runs.c.replay, first)
    query = query.where(_WAITING, runs.c.event_id.in_(event_ids))
    return {
        (event_id, handler, replay): found
        for event_id, handler, replay, found in connection.execute(query)
        if found
    }


def _of(line: Line, table: FromClause = runs) -> ColumnElement[bool]:
    return and_(in_line(table), table.c.handler == line.handler, table.c.lane == line.lane)
