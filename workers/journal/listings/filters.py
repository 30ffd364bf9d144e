"""Which rows a listing wants: the filter, and the SQL made of it. Nothing here touches a
database.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    null,
    select,
    tuple_,
)

from comethooks.workers.journal.runs.waiting_lines import HOLDS_UP
from comethooks.workers.journal.tables.models import LIVE, Instant, Outcome, events, requests, runs
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.states import EventStatus, RunState, event_status

LISTED_EVENT = tuple(column for column in events.c if column.name != "body")
WHOLE_RUN = tuple(
    column for column in runs.c if column.name not in ("claim", "deaths", "lane", "place")
)
FAILED_RUN = tuple(column for column in WHOLE_RUN if column.name != "effects")
LISTED_RUN = tuple(column for column in FAILED_RUN if column.name != "traceback")
LISTED_REQUEST = tuple(column for column in requests.c if column.name != "body")
ACCEPTED_REQUEST: tuple[ColumnElement[Any], ...] = (
    events.c.id,
    events.c.received_at,
    literal(Outcome.ACCEPTED.value, Text).label("outcome"),
    literal(200).label("status"),
    null().label("reason"),
    null().label("errors"),
    events.c.source,
    events.c.trigger,
    events.c.app_id,
    events.c.id.label("event_id"),
    events.c.headers,
    events.c.size,
)
"""The columns of a listed request, for one that became an event."""

Condition = ColumnElement[bool]

_NOT_DONE: Condition = runs.c.state != literal_column(f"'{RunState.DONE.value}'")
"""The condition of a partial index, word for word: without it, SQL does not see that the index will
do."""

_SEVERITY = {
    state.value: sum(event_status([state, other]) is event_status([state]) for other in RunState)
    for state in RunState
}
"""A number for each state of a run, higher when it prevails: the order of `event_status`, for SQL's
max()."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list; None means any. Times are milliseconds, on received_at: `since` included,
    `until` not.

    Listings of events heed all but `outcome`, with `handler`, `replay` and `state` asking for one
    run that is all; listings of runs the same, and show only the runs asked for; listings of
    requests heed `event_id`, `trigger`, `app_id`, `conversation_id` and `sender` (which only
    accepted ones have), `outcome` and the times. What counts or changes runs heeds what listings of
    runs do, except `limit`. `event_id` is a whole id.
    """

    event_id: str | None = None
    trigger: str | None = None
    conversation_id: str | None = None
    sender: str | None = None
    app_id: str | None = None
    status: EventStatus | None = None
    handler: str | None = None
    replay: str | None = None
    """The name of a replay; empty for live runs."""
    state: RunState | None = None
    outcome: Outcome | None = None
    holds_up: bool = False
    """Of runs, only those of ordered handlers that failed and that later ones have to wait for."""
    since: int | None = None
    until: int | None = None
    limit: int | None = None


EVERYTHING = Filter()


class Place(NamedTuple):
    """Where a listing has come to."""

    received_at: int
    id: str


def event_conditions(asked: Filter) -> list[Condition]:
    """The conditions on `events` of a listing of events or of runs."""
    conditions = _status_conditions(asked)
    if asked.state not in (None, RunState.DONE):
        # Few runs are in any other state: begin with those.
        conditions.append(events.c.id.in_(select(runs.c.event_id).where(*run_conditions(asked))))
    elif any(each is not None for each in (asked.handler, asked.replay, asked.state)):
        conditions.append(exists().where(runs.c.event_id == events.c.id, *run_conditions(asked)))
    return conditions


def failed(asked: Filter) -> list[Condition]:
    """The conditions on `events` that a run which `asked` describes has failed on them and is not
    done since.
    """
    states = [state for state in RunState if state is not RunState.DONE]
    ids = select(runs.c.event_id).where(
        in_states(states), runs.c.error.is_not(None), *run_conditions(asked)
    )
    return [*_status_conditions(asked), events.c.id.in_(ids)]


def run_conditions(asked: Filter) -> list[Condition]:
    """The conditions on `runs` of a listing of events or of runs."""
    wanted = {runs.c.handler: searchable(asked.handler), runs.c.replay: searchable(asked.replay)}
    conditions = _equal(wanted)
    if asked.state is not None:
        conditions.append(in_states([asked.state]))
    return [*conditions, HOLDS_UP] if asked.holds_up else conditions


def in_states(states: Collection[RunState]) -> Condition:
    """Whether a run is in one of `states`; few are in another one than done, and an index finds
    those.
    """
    found = runs.c.state.in_(sorted(state.value for state in states))
    return found if RunState.DONE in states else and_(found, _NOT_DONE)


def chosen_runs(
    asked: Filter, states: Collection[RunState], *columns: ColumnElement[Any]
) -> Select[Any]:
    """`columns` of the runs that `asked` describes and that are in one of `states`, with their
    events.
    """
    joined = select(*columns).join_from(runs, events, events.c.id == runs.c.event_id)
    return joined.where(in_states(states), *run_conditions(asked), *_status_conditions(asked))


def unfinished_by_state() -> Select[Any]:
    """The states of all runs that are not done, and how many are in each."""
    return select(runs.c.state, func.count()).where(_NOT_DONE).group_by(runs.c.state)


def due_runs(now: int | None = None) -> Select[Any]:
    """When the runs that are to be tried again are due, the first first; up to `now` only, when
    given.
    """
    until = runs.c.next_at.is_not(None) if now is None else runs.c.next_at <= now
    return (
        select(runs.c.next_at)
        .where(runs.c.state == RunState.RETRYING.value, until)
        .order_by(runs.c.next_at)
    )


def accepted_conditions(asked: Filter) -> list[Condition]:
    """The conditions on `events` of a listing of requests."""
    wanted = {
        events.c.id: searchable(asked.event_id),
        events.c.trigger: searchable(asked.trigger),
        events.c.app_id: searchable(asked.app_id),
        events.c.conversation_id: searchable(asked.conversation_id),
        events.c.sender: searchable(asked.sender),
    }
    return _equal(wanted) + _between(events, asked)


def request_conditions(asked: Filter) -> list[Condition]:
    """The conditions on `requests` of a listing of requests."""
    wanted = {
        requests.c.event_id: searchable(asked.event_id),
        requests.c.trigger: searchable(asked.trigger),
        requests.c.app_id: searchable(asked.app_id),
        requests.c.outcome: None if asked.outcome is None else asked.outcome.value,
    }
    return _equal(wanted) + _between(requests, asked)


def newest_first(
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    conditions: Collection[Condition],
    after: Place | None,
    size: int,
) -> Select[Any]:
    """At most `size` rows of `events` or `requests`, newest first, that follow the place
    `after`.
    """
    order = (table.c.received_at, table.c.id)
    query = select(*columns).where(*conditions)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(literal(after.received_at, Instant), after.id))
    return query.order_by(*(column.desc() for column in order)).limit(size)


def oldest_first(conditions: Collection[Condition], after: Place | None, size: int) -> Select[Any]:
    """Where at most `size` events are that follow the place `after`, oldest first, and how large
    each is.
    """
    order = (events.c.received_at, events.c.id)
    query = select(*order, events.c.size).where(*conditions)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(literal(after.received_at, Instant), after.id))
    return query.order_by(*order).limit(size)


def last_duplicates(event_ids: Collection[str]) -> Select[Any]:
    """For each of the events that was repeated: its id, how often, when last and by which
    request.
    """
    order = (requests.c.received_at.desc(), requests.c.id.desc())
    ranked = (
        select(
            requests.c.event_id,
            func.count().over(partition_by=requests.c.event_id).label("count"),
            requests.c.received_at.label("last_at"),
            requests.c.id.label("last_request_id"),
            func.row_number().over(partition_by=requests.c.event_id, order_by=order).label("rank"),
        )
        .where(requests.c.event_id.in_(event_ids), requests.c.outcome == Outcome.DUPLICATE.value)
        .subquery()
    )
    last = (ranked.c.event_id, ranked.c.count, ranked.c.last_at, ranked.c.last_request_id)
    return select(*last).where(ranked.c["rank"] == 1)


def _status_conditions(asked: Filter) -> list[Condition]:
    status = [] if asked.status is None else [_has_status(asked.status)]
    return accepted_conditions(asked) + status


def _equal(wanted: dict[Column[Any], str | None]) -> list[Condition]:
    return [column == value for column, value in wanted.items() if value is not None]


def _between(table: Table, asked: Filter) -> list[Condition]:
    since = [] if asked.since is None else [table.c.received_at >= asked.since]
    until = [] if asked.until is None else [table.c.received_at < asked.until]
    return since + until


def _has_status(status: EventStatus) -> Condition:
    # A scalar subquery and not EXISTS, which PostgreSQL, as long as it has no statistics, joins row
    # by row.
    worst = (
        select(func.max(case(_SEVERITY, value=runs.c.state)))
        .where(runs.c.event_id == events.c.id, runs.c.replay == LIVE)
        .correlate(events)
        .scalar_subquery()
    )
    if status is EventStatus.UNHANDLED:
        return worst.is_(None)
    states = [state for state in RunState if event_status([state]) is status]
    has_status = worst == _SEVERITY[states[0].value]
    if status is EventStatus.DONE:
        return has_status
    # Few events have any other status: begin with the runs, which are indexed by state.
    candidates = (
        select(runs.c.event_id).where(in_states(states), runs.c.replay == LIVE).correlate(None)
    )
    return and_(events.c.id.in_(candidates), has_status)
