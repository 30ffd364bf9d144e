"""What a drainer reads: entries of its partitions, as far as its window has room, as items with
handlers to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import NAMESPACE_OID, uuid5

import structlog
from redis import Redis

from comethooks.workers.drain.hot_lanes import MOST_BEHIND
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.marks import EntryMarks
from comethooks.workers.drain.ordered import leave_memory, put_in_line
from comethooks.workers.drain.poison_runs import deaths_in, members_in
from comethooks.workers.handlers.in_line import Lane
from comethooks.workers.plugins.loaded import BoundHandler, Plugins
from comethooks.workers.record import DamagedError, Kind, Record, RecordError, cost, decode
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import read_range, read_streams
from comethooks.workers.streams.endings import endings_of

WINDOW = 2048
"""Entries that may be on their way through a drainer."""
WINDOW_BYTES = 32 * 2**20
"""How many bytes of them, roughly: how large entries are is known from those before."""
PARTITION_QUOTA = 512
"""Of the window, what one partition may have: it must not stop the others."""
_READ = 64
"""Of one partition, entries that are read at once: how large they are is only known then."""
_LARGE = 2**20
"""How large entries are taken to be until some are read. Whoever starts on a backlog of large ones
would otherwise fill the memory with the first read, and die of it again and again."""
_READ_BYTES = 4 * 2**20
"""How large an answer of Redis may be, roughly: it stands in memory twice while it is read."""

log = structlog.get_logger()


class Intake:
    """The window of one drainer. For its main thread alone."""

    def __init__(self, client: Redis, plugins: Plugins) -> None:
        self._client = client
        self._plugins = plugins
        self.unsettled = 0
        """Entries read and not yet forgotten."""
        self._bytes = 0
        self._typical = _LARGE

    def readable(self, partitions: Iterable[Partition]) -> list[Partition]:
        """Those of `partitions` that there is room for; none when the window is full."""
        if self._room() <= 0:
            return []
        return [
            each
            for each in partitions
            if not each.closing
            and each.unsettled < PARTITION_QUOTA
            and len(each.hot.behind) < MOST_BEHIND
        ]

    def is_behind(self, partitions: Iterable[Partition]) -> bool:
        """Whether lanes of `partitions` were passed that are to be read again."""
        return any(each.hot.behind for each in partitions)

    def read(self, partitions: list[Partition], wait: float) -> list[Item]:
        """The next entries of `partitions`, all `readable`. Waits up to `wait` seconds for the
        first.

        An item without handlers to do has nothing to wait for. Raises redis-py's errors.
        """
        items = [item for each in partitions for item in self._passed(each)]
        most = min(self._room(), _READ_BYTES // self._typical)
        count = max(1, min(_READ, most // len(partitions)))
        cursors = {keys.stream(partition.number): partition.cursor for partition in partitions}
        by_stream = {keys.stream(partition.number).encode(): partition for partition in partitions}
        wait = 0.0 if items else wait
        costs = []
        for stream, entries in read_streams(self._client, cursors, count=count, wait=wait):
            partition = by_stream[stream]
            for entry, fields in entries:
                partition.cursor = entry.decode()
                costs.append(cost(fields))  # also of what is passed: it was in memory, too
                if item := self._item(partition, partition.cursor, fields):
                    items.append(item)
        if costs:
            self._typical = max(1, sum(costs) // len(costs))
        return items

    def release(self, item: Item) -> None:
        """Make room: nothing of `item` is left in this process."""
        if item.in_line:
            leave_memory(item)
        if item.load is not None:
            item.partition.hot.leave(item.lane)
        item.partition.unsettled -= 1
        self.unsettled -= 1
        self._bytes -= item.cost

    def _room(self) -> int:
        return min(WINDOW - self.unsettled, (WINDOW_BYTES - self._bytes) // self._typical)

    def _passed(self, partition: Partition) -> list[Item]:
        """Of lanes that were passed, what there is room for by now."""
        items: list[Item] = []
        hot = partition.hot
        for lane in hot.with_room():
            if self._room() <= 0:
                break
            begin = hot.behind.pop(lane)
            count = min(_READ, self._room())
            found = read_range(
                self._client, keys.stream(partition.number), begin, partition.cursor, count=count
            )
            for entry, fields in found:
                if item := self._item(partition, entry.decode(), fields, only=lane):
                    items.append(item)
                if lane in hot.behind:  # full again, from this entry on
                    break
            else:
                if len(found) == count:
                    hot.behind[lane] = f"({found[-1][0].decode()}"
            hot.leave(lane)
        return items

    def _item(
        self,
        partition: Partition,
        entry: str,
        fields: dict[bytes, bytes],
        *,
        only: Lane | None = None,
    ) -> Item | None:
        """The item that an entry is; None when it is left where it is.

        With `only`, entries are read once more that were passed, those of that lane: all others
        have been items already.
        """
        try:
            record = decode(fields)
        except DamagedError as error:
            if only is not None:
                return None
            log.error(
                "stream entry is damaged",
                partition=partition.number,
                entry=entry,
                reason=str(error),
            )
            record = _as_refused(partition.number, entry, fields, str(error))
        except RecordError as error:
            if only is None:
                # Of a format that another version may read: to drop it would lose an event.
                log.error(
                    "stream entry left alone",
                    partition=partition.number,
                    entry=entry,
                    reason=str(error),
                )
            return None
        todo: Sequence[BoundHandler] = ()
        if record.kind is Kind.EVENT:
            todo = self._plugins.handlers_for(record)
        item = Item(partition, entry, record, cost(fields), todo)
        if only is not None and (not todo or item.lane != only):
            return None
        if todo:
            enter = partition.hot.enter if only is None else partition.hot.enter_again
            item.load = enter(item.lane, entry)
            if item.load is None:
                return None
        partition.unsettled += 1
        self.unsettled += 1
        self._bytes += item.cost
        marks = partition.marks.pop(entry, None)
        if marks is not None:
            self._resume(item, marks)
        return item

    def _resume(self, item: Item, marks: EntryMarks) -> None:
        """Go on where an earlier drainer ended."""
        item.marked = marks.handlers
        item.deaths, alone = deaths_in(
            item.record.id, marks, endings_of(self._client, members_in(marks))
        )
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
        item.alone = frozenset(
            handler.id for handler in item.todo if handler.id in alone and handler.waits is None
        )
        if item.load is not None and not item.todo:
            item.load.entered -= 1  # nobody else will settle it
            item.load = None


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
