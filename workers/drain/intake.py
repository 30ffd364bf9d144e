"""What a drainer reads: entries of its partitions, as far as its window has room, as items with
handlers to do.
"""

from collections.abc import Iterable, Mapping
from uuid import NAMESPACE_OID, uuid5

import structlog
from redis import Redis

from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.marks import EntryMarks
from comethooks.workers.drain.ordered import leave_memory, put_in_line
from comethooks.workers.drain.poison_runs import deaths_in, members_in
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.record import DamagedError, Kind, Record, RecordError, cost, decode
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import read_streams
from comethooks.workers.streams.endings import endings_of

WINDOW = 512
"""Entries that may be on their way through a drainer."""
WINDOW_BYTES = 32 * 2**20
"""How many bytes of them, roughly: how large entries are is known from those before."""
PARTITION_QUOTA = 128
"""Of the window, what one partition may have: a hot conversation must not stop the others."""

log = structlog.get_logger()


class Intake:
    """The window of one drainer. For its main thread alone."""

    def __init__(self, client: Redis, plugins: Plugins) -> None:
        self._client = client
        self._plugins = plugins
        self.unsettled = 0
        """Entries read and not yet forgotten."""
        self._bytes = 0
        self._typical = 1

    def readable(self, partitions: Iterable[Partition]) -> list[Partition]:
        """Those of `partitions` that there is room for; none when the window is full."""
        if self._room() <= 0:
            return []
        return [
            each for each in partitions if not each.closing and each.unsettled < PARTITION_QUOTA
        ]

    def read(self, partitions: list[Partition], wait: float) -> list[Item]:
        """The next entries of `partitions`, all `readable`. Waits up to `wait` seconds for the
        first.

        An item without handlers to do has nothing to wait for. Raises redis-py's errors.
        """
        count = max(1, min(PARTITION_QUOTA // 2, self._room() // len(partitions)))
        cursors = {keys.stream(partition.number): partition.cursor for partition in partitions}
        by_stream = {keys.stream(partition.number).encode(): partition for partition in partitions}
        items = []
        for stream, entries in read_streams(self._client, cursors, count=count, wait=wait):
            partition = by_stream[stream]
            for entry, fields in entries:
                partition.cursor = entry.decode()
                if item := self._item(partition, fields):
                    items.append(item)
        if items:
            self._typical = max(1, sum(item.cost for item in items) // len(items))
        return items

    def release(self, item: Item) -> None:
        """Make room: nothing of `item` is left in this process."""
        if item.in_line:
            leave_memory(item)
        item.partition.unsettled -= 1
        self.unsettled -= 1
        self._bytes -= item.cost

    def _room(self) -> int:
        return min(WINDOW - self.unsettled, (WINDOW_BYTES - self._bytes) // self._typical)

    def _item(self, partition: Partition, fields: dict[bytes, bytes]) -> Item | None:
        entry = partition.cursor
        try:
            record = decode(fields)
        except DamagedError as error:
            log.error(
                "stream entry is damaged",
                partition=partition.number,
                entry=entry,
                reason=str(error),
            )
            record = _as_refused(partition.number, entry, fields, str(error))
        except RecordError as error:
            # Of a format that another version may read: to drop it would lose an event.
            log.error(
                "stream entry left alone",
                partition=partition.number,
                entry=entry,
                reason=str(error),
            )
            return None
        item = Item(partition, entry, record, cost(fields))
        partition.unsettled += 1
        self.unsettled += 1
        self._bytes += item.cost
        if record.kind is Kind.EVENT:
            item.todo = self._plugins.handlers_for(record.trigger or "", record.name, record.source)
        marks = partition.marks.pop(entry, None)
        if marks is not None:
            self._resume(item, marks)
        return item

    def _resume(self, item: Item, marks: EntryMarks) -> None:
        """Go on where an earlier drainer ended."""
        item.marked = marks.handlers
        item.deaths, alone = deaths_in(marks, endings_of(self._client, members_in(marks)))
        ordered = {handler.id for handler in item.todo if handler.ordered}
        # Also what has ended is put into its line again: nobody knows whether SQL has it already,
        # and later runs of the conversation must not pass it.
        item.results = [
            put_in_line(item, result)
            if result.handler in ordered or result.state is RunState.WAITING
            else result
            for result in marks.results
        ]
        done = {result.handler for result in item.results}
        item.todo = [handler for handler in item.todo if handler.id not in done]
        item.alone = frozenset(handler.id for handler in item.todo if handler.id in alone)


def _as_refused(partition: int, entry: str, fields: Mapping[bytes, bytes], reason: str) -> Record:
    """What is kept of an entry that nobody can read: its body, under an id that never changes."""
    body = fields.get(b"b", b"")
    return Record(
        kind=Kind.REFUSED,
        id=str(uuid5(NAMESPACE_OID, f"{keys.stream(partition)}/{entry}")),
        received_at=int(entry.partition("-")[0]),
        size=len(body),
        reason=reason,
        body=body,
    )
