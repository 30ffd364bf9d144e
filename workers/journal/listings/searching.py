"""Finding rows of which there may be few among many, by the blocks that tell where some may be.

See `workers.journal.blocks`. Blocks are read in the order of the listing. Of each that may hold
what is asked for, the rows of its time are asked for; times that were looked at before are left
out, so that every row is found once, and in order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from comethooks.workers.journal.blocks import (
    ANSWER,
    APP,
    DECISION,
    FETCHED,
    HANDLED,
    HANDLER,
    OUTCOME,
    SEARCHED,
    UNDONE,
    UNHANDLED,
    Named,
    names_in,
    term,
)
from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.journal.listings.patterns_of_rows import means
from comethooks.workers.journal.listings.queries import Condition, Place
from comethooks.workers.journal.tables.models import blocks, events, requests
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.states import EventStatus, RunState

_BLOCKS = 500
"""Blocks that are read at once: a few kB each."""
FEW_RUNS = 5000
"""So many runs are few: their events are looked up and sorted within some 20 ms."""
TIMES = 100
"""At the events of so many times is looked for what many runs may be of. A time costs up to a
millisecond; who then has not found enough begins with the runs after all."""

_HANDLED = (EventStatus.DONE, EventStatus.REPLAYED)
_UNDONE = (EventStatus.QUEUED, EventStatus.RETRYING, EventStatus.DEAD)

Query = Callable[[Sequence[Condition], int], Select[Any]]
"""The query of so many rows at most, on conditions."""


class Sought:
    """What a block must have that may hold what is asked for."""

    def __init__(self, terms: Sequence[bytes], pattern: str | None, *, named: bool = True) -> None:
        self._terms = terms
        self._pattern = pattern
        self._named = named
        self._known: dict[str, bool] = {}
        """Whether the pattern means any of these names: most blocks have the same."""

    def __bool__(self) -> bool:
        """Whether blocks tell of anything that is sought."""
        return bool(self._terms) or self._pattern is not None

    def may_be_in(self, names: str, terms: bytes, later: bytes) -> bool:
        """Whether a block with these may hold some."""
        return all(each in terms or each in later for each in self._terms) and (
            self._pattern is None or self._means_any(names)
        )

    def _means_any(self, names: str) -> bool:
        known = self._known.get(names)
        if known is None:
            found = (Named(*each) for each in names_in(names))
            known = any(means(self._pattern, each, named=self._named) for each in found)
            self._known[names] = known
        return known


@dataclass(slots=True)
class Search:
    """A listing of the rows of `table` that meet `conditions`, in pages."""

    table: Table
    asked: Filter
    conditions: Sequence[Condition]
    sought: Sought
    indexed: Sequence[Select[Any]] = ()
    """The events that each has to be among, by indexes of runs that usually have few."""
    runs_first: Sequence[Condition] = ()
    """The same conditions, for finding these runs first."""
    _few: bool | None = field(default=None, init=False)

    def page(
        self,
        connection: Connection,
        query: Query,
        after: Place | None,
        size: int,
        *,
        newest: bool,
    ) -> Sequence[Any]:
        """At most `size` rows of `query` from the place `after`, the newest first or the oldest."""
        if self._begins_with_runs(connection):
            return connection.execute(query(self.runs_first, size)).all()
        if not self.sought:
            return connection.execute(query(self.conditions, size)).all()
        at = self.table.c.received_at
        found: list[Any] = []
        for number, (first, last) in enumerate(self._times(connection, after, newest=newest)):
            if self.indexed and number == TIMES:
                rest = at <= last if newest else at >= first
                found += connection.execute(query((*self.runs_first, rest), size - len(found)))
                break
            about = (*self.conditions, at >= first, at <= last)
            found += connection.execute(query(about, size - len(found)))
            if len(found) >= size:
                break
        return found

    def _begins_with_runs(self, connection: Connection) -> bool:
        """Whether few runs are in question. What is few at the first page is few at the others."""
        if self._few is None:
            self._few = any(_are_few(connection, ids) for ids in self.indexed)
        return self._few

    def _times(
        self, connection: Connection, after: Place | None, *, newest: bool
    ) -> Iterator[tuple[int, int]]:
        """From when till when there may be some, in order, none of them twice."""
        edge = None if after is None else after.received_at
        for first, last in self._blocks(connection, edge, newest=newest):
            if edge is not None:
                # What is at the edge itself may be asked for twice only here, at the place `after`.
                first, last = (first, min(last, edge)) if newest else (max(first, edge), last)
            if first <= last:
                yield first, last
                edge = first - 1 if newest else last + 1

    def _blocks(
        self, connection: Connection, edge: int | None, *, newest: bool
    ) -> Iterator[tuple[int, int]]:
        """The times of blocks that may hold some, by their end (or beginning), as far as needed."""
        own, other = (blocks.c.last_at, blocks.c.first_at)
        if not newest:
            own, other = other, own
        told = (blocks.c.names, blocks.c.terms, blocks.c.later)
        query = select(blocks.c.first_at, blocks.c.last_at, *told)
        query = query.where(blocks.c.of == self.table.name)
        if self.asked.since is not None:
            query = query.where(blocks.c.last_at >= self.asked.since)
        if self.asked.until is not None:
            query = query.where(blocks.c.first_at < self.asked.until)
        if edge is not None:
            query = query.where(other <= edge if newest else other >= edge)
        order = (own.desc(), blocks.c.id.desc()) if newest else (own, blocks.c.id)
        rows = connection.execute(query.order_by(*order), execution_options={"yield_per": _BLOCKS})
        try:
            for first, last, names, terms, later in rows:
                if self.sought.may_be_in(names, terms, later):
                    yield first, last
        finally:
            rows.close()


def search_for_events(
    asked: Filter,
    *,
    besides: str | None = None,
    more: Sequence[Condition] = (),
    by_blocks: bool = True,
) -> Search:
    """A listing of events, or of the runs on them; `besides` is for `Filter.event_conditions`, and
    they meet `more` conditions, which may be better than blocks.
    """
    runs_first = asked.event_conditions(besides=besides)
    events_first = asked.event_conditions(besides=besides, runs_first=False)
    return Search(
        events,
        asked,
        [*events_first, *more],
        _sought_of_events(asked) if by_blocks else Sought((), None),
        asked.indexed_runs(besides),
        [*runs_first, *more],
    )


def search_for_accepted(asked: Filter) -> Search:
    """The part of a listing of requests that became events."""
    # Which runs there are is nothing to be sought when none is asked for.
    about = replace(asked, status=None, handler=None, replay=None, state=None, decision=None)
    sought = Sought((), None) if asked.no_accepted else _sought_of_events(about)
    return Search(events, asked, asked.accepted_conditions(), sought)


def search_for_others(asked: Filter) -> Search:
    """The part of a listing of requests that did not."""
    return Search(requests, asked, asked.request_conditions(), _sought_of_requests(asked))


def _sought_of_events(asked: Filter) -> Sought:
    if asked.event_id or asked.message_id:  # few, which an index knows
        return Sought((), None)
    values = ((name, searchable(getattr(asked, name))) for name in SEARCHED)
    terms = [term(name, value) for name, value in values if value is not None]
    if asked.decision is not None:
        terms.append(term(DECISION, asked.decision))
    if asked.backfilled:
        terms.append(term(*FETCHED))
    if asked.handler is not None:
        terms.append(term(HANDLER, searchable(asked.handler) or ""))
    if asked.status in (EventStatus.UNHANDLED, EventStatus.REPLAYED):
        terms.append(term(*UNHANDLED))
    if asked.status in _HANDLED or asked.replay or asked.state is RunState.DONE:
        terms.append(term(*HANDLED))
    if asked.status in _UNDONE or asked.state not in (None, RunState.DONE):
        terms.append(term(*UNDONE))
    return Sought(terms, asked.trigger)


def _sought_of_requests(asked: Filter) -> Sought:
    if asked.event_id or asked.no_others:
        return Sought((), None)
    app_id = searchable(asked.app_id)
    values = (
        (APP, app_id),
        (OUTCOME, asked.outcome),
        (ANSWER, asked.answer),
    )
    terms = [term(name, str(value)) for name, value in values if value is not None]
    return Sought(terms, asked.trigger, named=False)


def _are_few(connection: Connection, ids: Select[Any]) -> bool:
    # Counts no further than that.
    number = select(func.count()).select_from(ids.limit(FEW_RUNS).subquery())
    return (connection.scalar(number) or 0) < FEW_RUNS
