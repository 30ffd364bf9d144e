"""Listings of what was kept: in the spool of this host, in the streams or already in the journal.

They are read in the order in which a request passes through them. What moves on between two reads
is then seen twice, and shown where it came to; read the other way round, it would be seen in
neither.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import attrgetter
from typing import NamedTuple, TypeVar

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.journal import (
    AmbiguousIdError,
    Filter,
    Journal,
    StoredEvent,
    StoredRequest,
    StoredRun,
)
from comethooks.workers.record import Kind, Record
from comethooks.workers.streams import backlog
from comethooks.workers.streams.backlog import Entry
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.refusals import what_failed

_Waiting = tuple[int | None, Record]
"""A record that waits, and the partition that it is in; None in a spool."""
_Listed = TypeVar("_Listed", StoredEvent, StoredRequest)
_place = attrgetter("received_at", "id")


class _Whereabouts(NamedTuple):
    """A waiting event: its place among all events, its partition and its entry there."""

    received_at: int
    id: str
    partition: int
    entry: str


@dataclass(slots=True)
class _Repeats:
    """The duplicates in the streams, by the event that each repeats: its time and its id."""

    by_event: defaultdict[str, list[tuple[int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def note(self, record: Record) -> None:
        if record.kind is Kind.DUPLICATE and record.event_id:
            self.by_event[record.event_id].append((record.received_at, record.id))

    def added_to(self, event: StoredEvent) -> StoredEvent:
        """`event` with the duplicates that the journal has not counted yet."""
        if event.id not in self.by_event:
            return event
        known = event.duplicates
        journalled = (known.last_at or 0, known.last_request_id or "")
        fresh = [repeat for repeat in self.by_event[event.id] if repeat > journalled]
        if not fresh:
            return event
        last_at, last_id = max(fresh)
        counted = replace(
            known, count=known.count + len(fresh), last_at=last_at, last_request_id=last_id
        )
        return replace(event, duplicates=counted)


class Kept:
    """Events, requests and runs from streams and journal together.

    `partitions` is how many there are if Redis does not say it yet. `spooled` gives what the spool
    of this host holds. When Redis does not answer, `warn` is called with the reason, and the others
    are shown alone. Every method raises the errors of `Journal`.
    """

    def __init__(
        self,
        client: Redis,
        journal: Journal,
        *,
        partitions: int | None,
        warn: Callable[[str], None],
        spooled: Callable[[], Iterable[Record]] = tuple,
    ) -> None:
        self._client = client
        self._journal = journal
        self._partitions = partitions
        self._warn = warn
        self._spooled = spooled

    def events(self, asked: Filter) -> Iterator[StoredEvent]:
        """The events that `asked` describes, newest first, without bodies."""
        repeats = _Repeats()

        def wanted(record: Record) -> bool:
            repeats.note(record)
            return record.kind is Kind.EVENT and asked.fits_event(record)

        waiting = self._newest(wanted, asked.limit)
        events = (StoredEvent.from_record(record, partition) for partition, record in waiting)
        for event in _merged(self._journal.events(asked), events, asked.limit):
            yield repeats.added_to(event)

    def whole_events(self, asked: Filter) -> Iterator[StoredEvent]:
        """The events that `asked` describes, oldest first, with their bodies; its limit is ignored.

        Memory grows by some hundred bytes for each event that waits in Redis, and by those in the
        spool, but not with the journal. Raises redis-py's errors when the streams could be read at
        the beginning and cannot be read any more.
        """

        def wanted(record: Record) -> bool:
            return record.kind is Kind.EVENT and asked.fits_event(record)

        spooled: list[StoredEvent | _Whereabouts] = [
            StoredEvent.from_record(record, None) for record in filter(wanted, self._spooled())
        ]
        waiting = sorted(
            _Whereabouts(record.received_at, record.id, partition, entry)
            for partition, entry, record in self._entries()
            if wanted(record)
        )
        journalled: Iterator[StoredEvent | _Whereabouts] = self._journal.whole_events(asked)
        spooled.sort(key=_place)
        last = None
        # Of equals, merge gives those of its first argument first.
        for found in heapq.merge(journalled, waiting, spooled, key=_place):
            if found.id != last:
                last = found.id
                event = found if isinstance(found, StoredEvent) else self._whole(found)
                if event is not None:
                    yield event

    def waiting(self) -> Iterator[Record]:
        """All events in spool and streams; some may be in both, or in the journal, too."""
        return (record for _, record in self._waiting() if record.kind is Kind.EVENT)

    def waiting_ids(self) -> set[str]:
        """The ids of all events in spool and streams; some may be in the journal, too."""
        return {record.id for record in self.waiting()}

    def event(self, prefix: str) -> StoredEvent | None:
        """The only event whose id begins so, with its body and its runs; None if there is none.

        Raises `AmbiguousIdError` when several begin so.
        """
        repeats = _Repeats()
        found: dict[str, StoredEvent] = {}
        for partition, record in self._waiting():
            repeats.note(record)
            if record.kind is Kind.EVENT and record.id.startswith(prefix):
                found[record.id] = StoredEvent.from_record(record, partition)
        journalled = self._journal.event(prefix)
        if journalled is not None:
            runs = self._journal.runs_of(journalled.id)
            found[journalled.id] = replace(journalled, runs=runs or journalled.runs)
        event = _only(found, prefix)
        return None if event is None else repeats.added_to(event)

    def requests(self, asked: Filter) -> Iterator[StoredRequest]:
        """The requests that `asked` describes, newest first, without bodies."""
        waiting = self._newest(asked.fits_request, asked.limit)
        requests = (_request(record, partition) for partition, record in waiting)
        yield from _merged(self._journal.requests(asked), requests, asked.limit)

    def request(self, prefix: str) -> StoredRequest | None:
        """The only request whose id begins so, with its body if it was kept; None if there is none.

        Raises `AmbiguousIdError` when several begin so.
        """
        found = {
            record.id: _request(record, partition)
            for partition, record in self._waiting()
            if record.id.startswith(prefix)
        }
        journalled = self._journal.request(prefix)
        if journalled is not None:
            found[journalled.id] = journalled
        return _only(found, prefix)

    def runs(self, asked: Filter) -> Iterator[StoredRun]:
        """The runs that `asked` describes, newest event first; events in streams have none yet."""
        return self._journal.runs(asked)

    def failed_runs(self, asked: Filter) -> Iterator[StoredRun]:
        """The failed runs that `asked` describes, with their attempts; its limit is ignored."""
        return self._journal.failed_runs(asked)

    def runs_on(self, prefix: str, asked: Filter) -> Iterator[StoredRun]:
        """The runs that `asked` describes on the only event whose id begins so.

        Raises `AmbiguousIdError` when several begin so.
        """
        event = self.event(prefix)
        if event is None or not asked.fits_event(event):
            return iter(())
        return islice(filter(asked.fits_run, event.runs), asked.limit)

    def _newest(self, wanted: Callable[[Record], bool], limit: int | None) -> list[_Waiting]:
        """The records in spool and streams that are wanted, newest first, without bodies. Of two of
        the same id the one in the streams is first.
        """
        found = (
            (partition, replace(record, body=b""))
            for partition, record in self._waiting()
            if wanted(record)
        )
        if limit is None:
            return sorted(found, key=_place_in_stream, reverse=True)
        return heapq.nlargest(limit, found, key=_place_in_stream)

    def _whole(self, whereabouts: _Whereabouts) -> StoredEvent | None:
        """An event that waited: from its stream or, if it has left that, from the journal."""
        record = backlog.record_at(self._client, whereabouts.partition, whereabouts.entry)
        if record is None:
            return self._journal.event(whereabouts.id)
        return StoredEvent.from_record(record, whereabouts.partition)

    def _waiting(self) -> Iterator[_Waiting]:
        for record in self._spooled():
            yield None, record
        for entry in self._entries():
            yield entry.partition, entry.record

    def _entries(self) -> Iterator[Entry]:
        try:
            layouts = read_layouts(self._client, self._partitions)
            yield from backlog.entries(self._client, layouts.numbers)
        except (RedisError, OSError) as error:
            self._warn(what_failed(error))


def _place_in_stream(found: _Waiting) -> tuple[int, str, bool]:
    partition, record = found
    return record.received_at, record.id, partition is not None


def _request(record: Record, partition: int | None) -> StoredRequest:
    return replace(StoredRequest.from_record(record), spooled=partition is None)


def _merged(
    journalled: Iterator[_Listed], waiting: Iterable[_Listed], limit: int | None
) -> Iterator[_Listed]:
    """Both, newest first; of two with the same id the journal's."""

    def once() -> Iterator[_Listed]:
        last = None
        # Of equals, merge gives those of its first argument first.
        for item in heapq.merge(journalled, waiting, key=_place, reverse=True):
            if item.id != last:
                yield item
            last = item.id

    return islice(once(), limit)


def _only(found: dict[str, _Listed], prefix: str) -> _Listed | None:
    if prefix in found:
        return found[prefix]
    if len(found) > 1:
        raise AmbiguousIdError(prefix, len(found))
    return next(iter(found.values()), None)
