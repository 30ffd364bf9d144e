"""Reading the journal: listings, single rows by id, and counts for health and metrics.

A listing is read in pages, each in a short transaction of its own. So a reader who takes an hour
holds up nobody, and memory does not grow with the length of the listing.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, func, select

from comethooks.workers.journal.about_messages import KnownEvent, known_about
from comethooks.workers.journal.listings import portions
from comethooks.workers.journal.listings.composing import events_with_runs, rows_of, runs_by_event
from comethooks.workers.journal.listings.filters import EVERYTHING, Filter
from comethooks.workers.journal.listings.identifiers import resolved
from comethooks.workers.journal.listings.queries import (
    ACCEPTED_REQUEST,
    LISTED_EVENT,
    LISTED_REQUEST,
    LISTED_RUN,
    OF_BODY,
    WHOLE_RUN,
    Condition,
    Place,
    due_runs,
    newest_first,
    oldest_first,
    unfinished_by_state,
)
from comethooks.workers.journal.listings.searching import (
    Search,
    search_for_accepted,
    search_for_events,
    search_for_others,
)
from comethooks.workers.journal.listings.stored import (
    StoredBody,
    StoredEvent,
    StoredRequest,
    StoredRun,
)
from comethooks.workers.journal.tables.models import events, requests
from comethooks.workers.journal.tables.transactions import reading
from comethooks.workers.states import RunMode, RunState


class Reader:
    """What can be read from the journal behind `engine`. A writer never waits for it.

    Every method raises `JournalUnavailableError` or `JournalOutdatedError` when it cannot read; a
    listing does when it is iterated.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def events(self, asked: Filter = EVERYTHING) -> Iterator[StoredEvent]:
        """The events that `asked` describes, newest first, with their runs and without bodies."""
        return islice(self._events(asked), asked.limit)

    def whole_events(self, asked: Filter = EVERYTHING) -> Iterator[StoredEvent]:
        """The events that `asked` describes, oldest first, with runs and bodies; its limit is
        ignored.

        Few bodies are in memory at a time. An event that is deleted meanwhile is left out.
        """
        for ids in portions.of_ids(self._places(asked)):
            query = (
                select(events)
                .where(events.c.id.in_(ids))
                .order_by(events.c.received_at, events.c.id)
            )
            with reading(self.engine) as connection:
                found = events_with_runs(connection, rows_of(connection, query))
            yield from found

    def bodies(self, asked: Filter = EVERYTHING) -> Iterator[StoredBody]:
        """The bodies of the events that `asked` describes, newest first, with nothing but whose
        they are: of events whose bodies are still kept. Its limit is ignored.
        """
        search = search_for_events(asked)
        after: Place | None = None

        def query(conditions: Sequence[Condition], most: int) -> Select[Any]:
            return newest_first(events, OF_BODY, conditions, after, most)

        while True:
            with reading(self.engine) as connection:
                rows = search.page(connection, query, after, portions.PAGE, newest=True)
            yield from (StoredBody(*row[2:]) for row in rows if row.body)
            if len(rows) < portions.PAGE:
                return
            after = Place(*rows[-1][:2])

    def known_ids(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that are ids of events; at most some thousand may be asked for."""
        with reading(self.engine) as connection:
            return set(connection.scalars(select(events.c.id).where(events.c.id.in_(ids))))

    def known_about(self, app_id: str, message_ids: Collection[str]) -> list[KnownEvent]:
        """The events of an app that are about messages with these ids, in any order; at most some
        thousand ids may be asked for.
        """
        with reading(self.engine) as connection:
            return known_about(connection, app_id, message_ids)

    def event(self, identifier: str) -> StoredEvent | None:
        """The event with that id or beginning, with its body; None if there is none.

        Raises `AmbiguousIdError` when several begin so.
        """
        with reading(self.engine) as connection:
            found = resolved(connection, identifier, events)
            rows = rows_of(connection, select(events).where(events.c.id == found))
            return next(iter(events_with_runs(connection, rows)), None)

    def runs(self, asked: Filter = EVERYTHING) -> Iterator[StoredRun]:
        """The runs that `asked` describes, those of the newest event first, without tracebacks."""
        listed = (run for event in self._events(asked) for run in event.runs)
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
                portions.PORTION,
            )
            with reading(self.engine) as connection:
                places = [Place(*row) for row in connection.execute(query)]
                ids = [place.id for place in places]
                of_event = runs_by_event(connection, ids, LISTED_RUN, attempts=True)
            for place in places:
                yield from (run for run in of_event[place.id] if run.failed and asked.fits_run(run))
            if len(places) < portions.PORTION:
                return
            after = places[-1]

    def runs_of(self, identifier: str) -> tuple[StoredRun, ...]:
        """All runs of the event with that id or beginning, live ones first, with their attempts.

        Raises `AmbiguousIdError` when several begin so.
        """
        with reading(self.engine) as connection:
            found = resolved(connection, identifier, events)
            if not found:
                return ()
            return tuple(runs_by_event(connection, [found], WHOLE_RUN, attempts=True)[found])

    def requests(self, asked: Filter = EVERYTHING) -> Iterator[StoredRequest]:
        """The requests that `asked` describes, accepted ones too, newest first, without bodies."""
        listings = (
            self._requests(search_for_accepted(asked), ACCEPTED_REQUEST),
            self._requests(search_for_others(asked), LISTED_REQUEST),
        )
        return islice(heapq.merge(*listings, key=portions.place_of, reverse=True), asked.limit)

    def request(self, identifier: str) -> StoredRequest | None:
        """The request with that id or beginning, with its body; None if there is none.

        Raises `AmbiguousIdError` when several begin so.
        """
        with reading(self.engine) as connection:
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
        with reading(self.engine) as connection:
            return {
                (RunState(state), RunMode(mode)): count
                for state, mode, count in connection.execute(unfinished_by_state())
            }

    def due(self, now: int, limit: int) -> int:
        """How many runs are due again at `now`; counts no further than `limit`."""
        return self._number(select(func.count()).select_from(due_runs(now).limit(limit).subquery()))

    def next_due(self) -> int | None:
        """When the next run is due for another attempt, now or later; None if no run is."""
        with reading(self.engine) as connection:
            due_at: int | None = connection.scalar(due_runs().limit(1))
            return due_at

    def _events(self, asked: Filter) -> Iterator[StoredEvent]:
        """The same without an end, in pages of its limit."""
        search = search_for_events(asked)

        def page(after: Place | None, size: int) -> list[StoredEvent]:
            def query(conditions: Sequence[Condition], most: int) -> Select[Any]:
                return newest_first(events, LISTED_EVENT, conditions, after, most)

            with reading(self.engine) as connection:
                found = search.page(connection, query, after, size, newest=True)
                return events_with_runs(connection, [dict(row._mapping) for row in found])

        return portions.pages(page, portions.page_size(asked.limit))

    def _number(self, query: Select[Any]) -> int:
        with reading(self.engine) as connection:
            return connection.scalar(query) or 0

    def _requests(
        self, search: Search, columns: Sequence[ColumnElement[Any]]
    ) -> Iterator[StoredRequest]:
        def page(after: Place | None, size: int) -> list[StoredRequest]:
            def query(conditions: Sequence[Condition], most: int) -> Select[Any]:
                return newest_first(search.table, columns, conditions, after, most)

            with reading(self.engine) as connection:
                found = search.page(connection, query, after, size, newest=True)
                return [StoredRequest.from_row(dict(row._mapping)) for row in found]

        limit = search.asked.limit
        return islice(portions.pages(page, portions.page_size(limit)), limit)

    def _places(self, asked: Filter) -> Iterator[tuple[Place, int]]:
        """Where the events are, oldest first, and the size of each."""
        search = search_for_events(asked)
        after: Place | None = None

        def query(conditions: Sequence[Condition], most: int) -> Select[Any]:
            return oldest_first(conditions, after, most)

        while True:
            with reading(self.engine) as connection:
                rows = search.page(connection, query, after, portions.PAGE, newest=False)
            for received_at, identifier, size in rows:
                after = Place(received_at, identifier)
                yield after, size or 0
            if len(rows) < portions.PAGE:
                return
