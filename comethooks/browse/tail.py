"""Watching: what has come and what has changed since the last look, in streams and journal.

An event may leave its stream for the journal between two looks, so each look reads both: of the
streams what was appended since the last one, of the journal what was received recently. Events that
are not at an end are looked up again by their ids.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.journal import Filter, Journal, JournalUnavailableError, StoredEvent
from comethooks.workers.record import Kind, RecordError, decode
from comethooks.workers.states import EventStatus
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import read_streams
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.refusals import what_failed

CHUNK = 500
CLOCK_SLACK_MS = 10_000
"""How far the clocks of hosts and of Redis may be apart without an event being missed."""
LOOKED_UP = 200
"""How many unfinished events a look looks up by id; the others have their turn at the next."""

_ENDS = frozenset((EventStatus.DONE, EventStatus.REPLAYED, EventStatus.UNHANDLED))


@dataclass(frozen=True, slots=True)
class _LastLook:
    """What the last look that found an event saw of it."""

    received_at: int
    status: EventStatus


class Tail:
    """The events that `asked` describes, from now on, or from its `since` on if that is earlier.

    The status in `asked` means changes to it. `partitions` is how many there are if Redis does not
    say it yet. `clock` gives milliseconds since the epoch. `warn` is called with the reason when
    streams or journal cannot be read, once each time they go away.
    """

    def __init__(
        self,
        client: Redis,
        journal: Journal,
        asked: Filter,
        *,
        partitions: int | None,
        clock: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._journal = journal
        self._asked = replace(asked, status=None, limit=None)
        self._status = asked.status
        self._partitions = partitions
        self._clock = clock
        self._warn = warn
        self._away: set[str] = set()
        self._cursors: dict[str, str] = {}
        self._start: str | None = None
        self._seen: dict[str, _LastLook] = {}
        self._since = self._beginning(clock())
        if asked.since is None:
            self._look()  # what is there already is not news

    def poll(self) -> list[StoredEvent]:
        """What is new or has another status than at the last look, oldest first, without bodies."""
        changed = self._look()
        wanted = [event for event in changed if self._status in (None, event.status)]
        return sorted(wanted, key=lambda event: (event.received_at, event.id))

    def _look(self) -> list[StoredEvent]:
        now = self._clock()
        found = {event.id: event for event in self._read("Redis", self._arrived)}
        found |= {event.id: event for event in self._read("the journal", self._journalled)}
        changed = [event for event in found.values() if self._is_news(event)]
        for event in changed:
            self._seen.pop(event.id, None)
            self._seen[event.id] = _LastLook(event.received_at, event.status)
        self._since = now - CLOCK_SLACK_MS
        self._forget()
        return changed

    def _beginning(self, now: int) -> int:
        """The earliest time, by a clock that says `now`, at which something may have come."""
        return min(now, now if self._asked.since is None else self._asked.since) - CLOCK_SLACK_MS

    def _is_news(self, event: StoredEvent) -> bool:
        seen = self._seen.get(event.id)
        return seen is None or seen.status is not event.status

    def _read(self, source: str, read: Callable[[], Iterator[StoredEvent]]) -> list[StoredEvent]:
        events: list[StoredEvent] = []
        try:
            events.extend(read())  # what came before an error stays: it will not come again
        except (RedisError, OSError, JournalUnavailableError) as error:
            if source not in self._away:
                self._away.add(source)
                self._warn(f"{source} {what_failed(error)}; trying again")
        else:
            self._away.discard(source)
        return events

    def _arrived(self) -> Iterator[StoredEvent]:
        """What was appended to the streams since the last look."""
        if self._start is None:
            self._start = str(max(0, self._beginning(int(self._client.time()[0]) * 1000)))
        # Read again at every look: the partitions may be changed while somebody watches.
        streams = map(keys.stream, read_layouts(self._client, self._partitions).numbers)
        self._cursors = {each: self._cursors.get(each, self._start) for each in streams}
        while found := read_streams(self._client, self._cursors, count=CHUNK, wait=0):
            for name, entries in found:
                stream = name.decode()
                for entry, fields in entries:
                    self._cursors[stream] = entry.decode()
                    yield from self._event(fields, int(stream.rpartition(":")[2]))

    def _event(self, fields: dict[bytes, bytes], partition: int) -> Iterator[StoredEvent]:
        try:
            record = decode(fields)
        except RecordError:
            return
        if record.kind is Kind.EVENT:
            event = StoredEvent.from_record(replace(record, body=b""), partition)
            if self._asked.fits_event(event):
                yield event

    def _journalled(self) -> Iterator[StoredEvent]:
        since = max(self._since, self._asked.since or 0)
        lately = list(self._journal.events(replace(self._asked, since=since)))
        yield from lately
        listed = {event.id for event in lately}
        unfinished = [
            identifier
            for identifier, seen in self._seen.items()
            if seen.status not in _ENDS and identifier not in listed
        ]
        for identifier in unfinished[:LOOKED_UP]:
            # To the end of the line: the others come first at the next look.
            self._seen[identifier] = self._seen.pop(identifier)
            event = self._journal.event(identifier)
            if event is not None:
                yield event

    def _forget(self) -> None:
        """Forget events that are at an end, and too old for any look to find them again."""
        over = [
            identifier
            for identifier, seen in self._seen.items()
            if seen.status in _ENDS and seen.received_at < self._since
        ]
        for identifier in over:
            del self._seen[identifier]
