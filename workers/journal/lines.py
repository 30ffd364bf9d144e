"""Lines: the runs of an ordered handler that are not done, those of each conversation one behind the other.

A run stands in a line when it has a `lane` (what orders its event) and is not done. A line begins with a run that
failed in a drainer; behind it wait those of later events. Only the first of a line may run:

- it fails: it is `retrying`, or `dead`, and stays the first;
- it is done, is dismissed, or is taken out (`unblock`: it stays what it is, without a lane): in the same transaction
  the next one, if it is `waiting`, becomes `retrying` and due at once.

Places are those of the stream, so a line only grows at its end, and what is the first stays it until it leaves.
That makes `release` right at whatever moment it is called, and any number of times. It is called in vain when a run
is put into the line by one transaction of PostgreSQL while another one, which cannot see it yet, takes away the last
that was before it. Such a run waits for nobody; the scheduler looks for those once a second.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, literal_column, or_, select, update

from workers.journal.models import runs
from workers.states import RunState


class Line(NamedTuple):
    """What a line is found by."""

    handler: str
    lane: str


def in_line(table: FromClause = runs) -> ColumnElement[bool]:
    """The condition of the partial index of lines, word for word."""
    return and_(table.c.lane.is_not(None), table.c.state != literal_column(f"'{RunState.DONE.value}'"))


HOLDS_UP: ColumnElement[bool] = and_(
    in_line(),
    or_(
        runs.c.state == RunState.DEAD.value,
        and_(runs.c.state == RunState.RETRYING.value, runs.c.attempts > 0),
    ),
)
"""Runs that failed, and that later ones would have to wait for."""

_others = runs.alias("others")
_BEFORE = and_(
    in_line(_others),
    _others.c.handler == runs.c.handler,
    _others.c.lane == runs.c.lane,
    _others.c.place < runs.c.place,
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
    for line in sorted(lines):
        first = select(func.min(_others.c.place)).where(
            in_line(_others), _others.c.handler == line.handler, _others.c.lane == line.lane
        )
        statement = update(runs).where(_of(line), _WAITING, runs.c.place == first.scalar_subquery())
        changed += connection.execute(statement.values(released)).rowcount
    return changed


def releasable(connection: Connection) -> list[Line]:
    """The lines whose first run waits, and for nobody."""
    firsts = (
        select(runs.c.handler, runs.c.lane, func.min(runs.c.place).label("place"))
        .where(in_line())
        .group_by(runs.c.handler, runs.c.lane)
        .subquery()
    )
    first = and_(
        runs.c.handler == firsts.c.handler, runs.c.lane == firsts.c.lane, runs.c.place == firsts.c.place
    )
    query = select(runs.c.handler, runs.c.lane).join_from(firsts, runs, first).where(_WAITING)
    return [Line(*row) for row in connection.execute(query)]


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


def waited_for(connection: Connection, event_ids: Collection[str]) -> Mapping[tuple[str, str], str]:
    """For each waiting run on one of the events, as (event, handler): the event of the first run of its line."""
    first = (
        select(_others.c.event_id)
        .where(_BEFORE)
        .order_by(_others.c.place)
        .limit(1)
        .correlate(runs)
        .scalar_subquery()
    )
    query = select(runs.c.event_id, runs.c.handler, first).where(_WAITING, runs.c.event_id.in_(event_ids))
    return {(event_id, handler): found for event_id, handler, found in connection.execute(query) if found}


def _of(line: Line) -> ColumnElement[bool]:
    return and_(in_line(), runs.c.handler == line.handler, runs.c.lane == line.lane)
