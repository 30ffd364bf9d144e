"""Reading the journal: listings, single rows by id, and counts for health and metrics.

A listing is read in pages, each in a short transaction of its own. So a reader who takes an hour
holds up nobody, and memory does not grow with the length of the listing.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, func, select

from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.listings.composing import events_with_runs, rows_of, runs_by_event
from comethooks.workers.journal.listings.filters import EVERYTHING, Filter
from comethooks.workers.journal.listings.identifiers import resolved
from comethooks.workers.journal.listings.queries import (
    ACCEPTED_REQUEST,
    LISTED_EVENT,
    LISTED_REQUEST,
    LISTED_RUN,
    WHOLE_RUN,
    Condition,
    Place,
    due_runs,
    newest_first,
    oldest_first,
    unfinished_by_state,
)
from comethooks.workers.journal.listings.stored import StoredEvent, StoredRequest, StoredRun
from comethooks.workers.journal.tables.models import events, requests
from comethooks.workers.states import RunMode, RunState

_PAGE = 500
_PORTION = 200
_PORTION_BYTES = 4 * 2**20
"""How many bodies are read at once, and how many bytes they may have without the last one."""

_Listed = TypeVar("_Listed", StoredEvent, StoredRequest)
_Page = Callable[[Place | None, int], Sequence[_Listed]]


class Reader:
    """What can be read from the journal behind `engine`. A writer never waits for it.

    Every method raises `JournalUnavailableError` or `JournalOutdatedError` when it cannot read; a
    listing does when it is iterated.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def events(self, asked: Filter = EVERYTHING) -> Iterator[StoredEvent]:
        """The events that `asked` describes, newest first, with their runs and without bodies."""

        def page(after: Place | None, size: int) -> list[StoredEvent]:
            query = newest_first(events, LISTED_EVENT, asked.event_conditions(), after, size)
            with self._connection() as connection:
                return events_with_runs(connection, rows_of(connection, query))

        return _listing(page, asked.limit)

    def whole_events(self, asked: Filter = EVERYTHING) -> Iterator[StoredEvent]:
        """The events that `asked` describes, oldest first, with runs and bodies; its limit is
        ignored.

        Few bodies are in memory at a time. An event that is deleted meanwhile is left out.
        """
        for ids in _portions(self._places(asked.event_conditions())):
            query = (
                select(events)
                .where(events.c.id.in_(ids))
                .order_by(events.c.received_at, events.c.id)
            )
            with self._connection() as connection:
                found = events_with_runs(connection, rows_of(connection, query))
            yield from found

    def known_ids(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that are ids of events; at most some thousand may be asked for."""
        with self._connection() as connection:
            return set(connection.scalars(select(events.c.id).where(events.c.id.in_(ids))))

    def event(self, identifier: str) -> StoredEvent | None:
        """The event with that id or beginning, with its body; None if there is none.

        Raises `AmbiguousIdError` when several begin so.
        """
        with self._connection() as connection:
            found = resolved(connection, identifier, events)
            rows = rows_of(connection, select(events).where(events.c.id == found))
            return next(iter(events_with_runs(connection, rows)), None)

    def runs(self, asked: Filter = EVERYTHING) -> Iterator[StoredRun]:
        """The runs that `asked` describes, those of the newest event first, without tracebacks."""
        listed = (run for event in self.events(replace(asked, limit=None)) for run in event.runs)
        return islice((run for run in listed if asked.fits_run(run)), asked.limit)

    def failed_runs(self, asked: Filter = EVERYTHING) -> Iterator[StoredRun]:
        """The runs with an error that `asked` describes, with attempts; its limit is ignored."""
        after = None
        while True:
            query = newest_first(
                events,
                (events.c.received_at, events.c.id),
                asked.failed_conditions(),
                after,
                _PORTION,
            )
            with self._connection() as connection:
                places = [Place(*row) for row in connection.execute(query)]
                ids = [place.id for place in places]
                of_event = runs_by_event(connection, ids, LISTED_RUN, attempts=True)
            for place in places:
                yield from (run for run in of_event[place.id] if run.failed and asked.fits_run(run))
            if len(places) < _PORTION:
                return
            after = places[-1]

    def runs_of(self, identifier: str) -> tuple[StoredRun, ...]:
        """All runs of the event with that id or beginning, live ones first, with their attempts.

        Raises `AmbiguousIdError` when several begin so.
        """
        with self._connection() as connection:
            found = resolved(connection, identifier, events)
            if not found:
                return ()
            return tuple(runs_by_event(connection, [found], WHOLE_RUN, attempts=True)[found])

    def requests(self, asked: Filter = EVERYTHING) -> Iterator[StoredRequest]:
        """The requests that `asked` describes, accepted ones too, newest first, without bodies."""
        accepted, others = asked.accepted_conditions(), asked.request_conditions()
        listings = (
            self._requests(events, ACCEPTED_REQUEST, accepted, asked.limit),
            self._requests(requests, LISTED_REQUEST, others, asked.limit),
        )
        return islice(heapq.merge(*listings, key=_place, reverse=True), asked.limit)

    def request(self, identifier: str) -> StoredRequest | None:
        """The request with that id or beginning, with its body; None if there is none.

        Raises `AmbiguousIdError` when several begin so.
        """
        with self._connection() as connection:
            found = resolved(connection, identifier, events, requests)
            accepted = select(*ACCEPTED_REQUEST, events.c.body).where(events.c.id == found)
            others = select(requests).where(requests.c.id == found)
            rows = [*rows_of(connection, accepted), *rows_of(connection, others)]
            return StoredRequest.from_row(rows[0]) if rows else None

    def count_runs(
        self, asked: Filter = EVERYTHING, states: Collection[RunState] = tuple(RunState)
    ) -> int:
        """How many runs that `asked` describes are in one of `states`, such as `RETRYABLE`."""
        return self._number(asked.chosen_runs(states, func.count()))

    def unfinished(self) -> Mapping[RunState, int]:
        """How many runs are in each state other than done; states without runs are left out.

        Runs that failed in a dry run do not count, nor those that wait for one: they are no dead
        letters.
        """
        counts: Counter[RunState] = Counter()
        for (state, _), count in self.unfinished_by_mode().items():
            counts[state] += count
        return counts

    def unfinished_by_mode(self) -> Mapping[tuple[RunState, RunMode], int]:
        """The same, of each mode for itself."""
        with self._connection() as connection:
            return {
                (RunState(state), RunMode(mode)): count
                for state, mode, count in connection.execute(unfinished_by_state())
            }

    def due(self, now: int, limit: int) -> int:
        """How many runs are due again at `now`; counts no further than `limit`."""
        return self._number(select(func.count()).select_from(due_runs(now).limit(limit).subquery()))

    def next_due(self) -> int | None:
        """When the next run is due for another attempt, now or later; None if no run is."""
        with self._connection() as connection:
            due_at: int | None = connection.scalar(due_runs().limit(1))
            return due_at

    def _number(self, query: Select[Any]) -> int:
        with self._connection() as connection:
            return connection.scalar(query) or 0

    def _requests(
        self,
        table: Table,
        columns: Sequence[ColumnElement[Any]],
        conditions: Sequence[Condition],
        limit: int | None,
    ) -> Iterator[StoredRequest]:
        def page(after: Place | None, size: int) -> list[StoredRequest]:
            query = newest_first(table, columns, conditions, after, size)
            with self._connection() as connection:
                return [StoredRequest.from_row(row) for row in rows_of(connection, query)]

        return _listing(page, limit)

    def _places(self, conditions: Sequence[Condition]) -> Iterator[tuple[Place, int]]:
        """Where the events are, oldest first, and the size of each."""
        after = None
        while True:
            with self._connection() as connection:
                rows = connection.execute(oldest_first(conditions, after, _PAGE)).all()
            for received_at, identifier, size in rows:
                after = Place(received_at, identifier)
                yield after, size or 0
            if len(rows) < _PAGE:
                return

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with translated(), self.engine.connect() as connection:
            yield connection


def _listing(page: _Page[_Listed], limit: int | None) -> Iterator[_Listed]:
    size = _PAGE if limit is None else min(limit, _PAGE)
    return islice(_pages(page, size), limit)


def _pages(page: _Page[_Listed], size: int) -> Iterator[_Listed]:
    after = None
    while rows := page(after, size):
        yield from rows
        if len(rows) < size:
            return
        after = _place(rows[-1])


def _portions(places: Iterable[tuple[Place, int]]) -> Iterator[list[str]]:
    """The ids at `places`, in portions that may be read at once."""
    ids: list[str] = []
    total = 0
    for place, size in places:
        ids.append(place.id)
        total += size
        if len(ids) >= _PORTION or total >= _PORTION_BYTES:
            yield ids
            ids, total = [], 0
    if ids:
        yield ids


def _place(listed: StoredEvent | StoredRequest) -> Place:
    return Place(listed.received_at, listed.id)
