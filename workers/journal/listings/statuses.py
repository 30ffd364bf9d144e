"""What the status of an event is, for SQL: `event_status` of its runs."""

from typing import Any

from sqlalchemy import Select, and_, case, func, select

from comethooks.workers.journal.listings.queries import Condition, in_states
from comethooks.workers.journal.replaying.dry_runs import NO_DRY_RUN, REPLAYED
from comethooks.workers.journal.tables.models import LIVE, events, runs
from comethooks.workers.states import EventStatus, RunState, event_status

_SEVERITY = {
    state.value: sum(event_status([state, other]) is event_status([state]) for other in RunState)
    for state in RunState
}
"""A number for each state of a run, higher when it prevails: `event_status` for SQL's max()."""


def has_status(status: EventStatus, besides: str | None) -> Condition:
    """The condition that an event has a status, as if the replay `besides` had run nothing."""
    # Scalar subqueries and not EXISTS, which PostgreSQL, as long as it has no statistics, joins row
    # by row.
    worst = (
        select(func.max(case(_SEVERITY, value=runs.c.state)))
        .where(runs.c.event_id == events.c.id, runs.c.replay == LIVE)
        .correlate(events)
        .scalar_subquery()
    )
    if status in (EventStatus.UNHANDLED, EventStatus.REPLAYED):
        again = select(func.max(runs.c.replay)).where(
            runs.c.event_id == events.c.id, *_done_again(besides)
        )
        well = again.correlate(events).scalar_subquery()
        found = well.is_(None) if status is EventStatus.UNHANDLED else well.is_not(None)
        return and_(worst.is_(None), found)
    return worst == _SEVERITY[_states_of(status)[0].value]


def runs_of_status(status: EventStatus, besides: str | None) -> list[Select[Any]]:
    """The event ids of runs of which an event of that status has one, by an index of few; nothing
    for a status that nearly all have.
    """
    if status in (EventStatus.DONE, EventStatus.UNHANDLED):
        return []
    if status is EventStatus.REPLAYED:
        return [select(runs.c.event_id).where(*_done_again(besides))]
    return [
        select(runs.c.event_id).where(in_states(_states_of(status)), runs.c.replay == LIVE),
    ]


def _done_again(besides: str | None) -> list[Condition]:
    """The conditions that a handler is done in a replay: what `event_status` calls `replayed`."""
    others = [] if besides is None else [runs.c.replay != besides]
    return [REPLAYED, runs.c.state == RunState.DONE.value, NO_DRY_RUN, *others]


def _states_of(status: EventStatus) -> list[RunState]:
    return [state for state in RunState if event_status([state]) is status]
