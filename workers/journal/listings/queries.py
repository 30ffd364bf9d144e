"""The queries of listings: their columns, their order, what they count. Nothing here runs one."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    func,
    literal,
    literal_column,
    not_,
    null,
    select,
    tuple_,
)

from comethooks.workers.journal.replaying.dry_runs import ENDED_DRY, MODE
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.models import Outcome, events, requests, runs
from comethooks.workers.states import RunState

LISTED_EVENT = tuple(column for column in events.c if column.name != "body")
OF_BODY = (
    events.c.received_at,
    events.c.id,
    events.c.app_id,
    events.c.conversation_id,
    events.c.sender,
    events.c.body,
)
_OF_RUN = tuple(
    column for column in runs.c if column.name not in ("claim", "deaths", "lane", "place")
)
WHOLE_RUN: tuple[ColumnElement[Any], ...] = (*_OF_RUN, MODE.label("mode"))
LISTED_RUN = tuple(column for column in WHOLE_RUN if column.name not in ("effects", "traceback"))
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
"""The condition of a partial index, word for word; otherwise SQL would not use the index."""


class Place(NamedTuple):
    """Where a listing has come to."""

    received_at: int
    id: str


def in_states(states: Collection[RunState]) -> Condition:
    """The condition that a run is in one of `states`; for all but done there is an index."""
    found = runs.c.state.in_(sorted(state.value for state in states))
    return found if RunState.DONE in states else and_(found, _NOT_DONE)


def unfinished_by_state() -> Select[Any]:
    """The states and modes of runs that are not done, and how many are in each.

    A run that failed in a dry run is not among them.
    """
    mode = MODE.label("mode")
    found = select(runs.c.state, mode, func.count()).where(_NOT_DONE, not_(ENDED_DRY))
    return found.group_by(runs.c.state, mode)


def due_runs(now: int | None = None) -> Select[Any]:
    """When runs are due for another attempt, the first one first; with `now` those due by then."""
    until = runs.c.next_at.is_not(None) if now is None else runs.c.next_at <= now
    return (
        select(runs.c.next_at)
        .where(runs.c.state == RunState.RETRYING.value, until)
        .order_by(runs.c.next_at)
    )


def newest_first(
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    conditions: Collection[Condition],
    after: Place | None,
    size: int,
) -> Select[Any]:
    """At most `size` rows of `events` or `requests` behind the place `after`, newest first."""
    order = (table.c.received_at, table.c.id)
    query = select(*columns).where(*conditions)
    if after is not None:
        query = query.where(tuple_(*order) < tuple_(literal(after.received_at, Instant), after.id))
    return query.order_by(*(column.desc() for column in order)).limit(size)


def oldest_first(conditions: Collection[Condition], after: Place | None, size: int) -> Select[Any]:
    """At most `size` events behind the place `after`, oldest first: their places and sizes."""
    columns = (events.c.received_at, events.c.id, events.c.size)
    return in_order(select(*columns).where(*conditions), events, after, size)


def in_order(query: Select[Any], table: Table, after: Place | None, size: int) -> Select[Any]:
    """At most `size` rows of a query of `table` behind the place `after`, oldest first."""
    order = (table.c.received_at, table.c.id)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(literal(after.received_at, Instant), after.id))
    return query.order_by(*order).limit(size)


def last_duplicates(event_ids: Collection[str]) -> Select[Any]:
    """For each repeated event: its id, how often it came again, when last, and as which request."""
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
