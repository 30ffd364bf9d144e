"""What runs next, and the marks that say so in Redis.

One thread, the dispatcher, owns the lanes: events with the same ordering key stand in one lane and run one after
the other; lanes run side by side, as many as there are runner threads. It alone writes marks, in groups: while
one group's answers are under way, the next gathers.

The order of every run, and what a crash after each step leaves:

1. The start mark is sent, not awaited. Crash: the run is found started, or not, and is run (again).
2. The handler runs. Crash: the same; it is repeated.
3. The mark with the result is sent. Crash: it arrived, and the run is never repeated; or not, and it is.
4. The mark is confirmed. Only then may the lane's next event start, so no later event of a conversation has
   run while an earlier one is still to be repeated.
5. The item is handed back as settled, to be journalled and forgotten.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from redis import Redis

from workers import keys, scripts
from workers.journal import RunResult
from workers.loading import BoundHandler
from workers.record import Record
from workers.running import STARTED, event_of, execute, mark_of

STARTED_PER_RUNNER = 4
"""Items handed to the runners, each: one that runs, and some so that it need not wait for Redis in between."""
_MARK_FIELDS = 2000
"""Arguments of one script call for marks: Lua unpacks at most about 8,000."""


@dataclass(slots=True, eq=False)
class Partition:
    """A partition that this drainer holds. Counters belong to the drainer's main thread."""

    number: int
    lease: str
    done: dict[str, list[RunResult]]
    """Results that an earlier drainer marked and did not journal, by entry."""
    cursor: str = "0-0"
    unsettled: int = 0
    """Entries read and not yet forgotten."""
    closing: bool = False
    """Nothing new starts; the lease is given back when the last run has ended and is journalled."""


@dataclass(slots=True, eq=False)
class Item:
    """One entry on its way from the stream to the journal."""

    partition: Partition
    entry: str
    record: Record
    cost: int
    todo: Sequence[BoundHandler] = ()
    results: list[RunResult] = field(default_factory=list)
    discarded: bool = False
    """It did not run, since its partition is closing; it stays in the stream."""

    lane: tuple[str | None, str] = field(init=False)
    """What orders it: the app, and the conversation, the user or the event itself."""

    def __post_init__(self) -> None:
        self.lane = self.record.app_id, self.record.key or self.record.id


@dataclass(frozen=True, slots=True)
class _Ended:
    item: Item
    result: RunResult | None
    """None: it did not run, since its partition has begun to close."""
    last: bool


class LeaseLostError(Exception):
    """A mark was refused because the partition belongs to another drainer now."""


class Dispatcher(threading.Thread):
    """Runs items in their lanes on `threads` runner threads, and hands each to `settled` when it has ended.

    `before_run` is called before every run and does not return when the leases may be lost. What ends the
    thread goes to `on_failure`; nothing more is settled then, and the drainer must end.
    """

    def __init__(
        self,
        client: Redis,
        *,
        threads: int,
        before_run: Callable[[], None],
        settled: Callable[[Item], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._client = client
        self._before_run = before_run
        self._settled = settled
        self._on_failure = on_failure
        self._inbox: SimpleQueue[Sequence[Item] | _Ended | None] = SimpleQueue()
        self._runnable: SimpleQueue[Item | None] = SimpleQueue()
        self._lanes: dict[tuple[str | None, str], deque[Item]] = {}
        self._ready: deque[Item] = deque()
        self._free = STARTED_PER_RUNNER * threads
        self._runners = [
            threading.Thread(target=self._run_items, name=f"runner-{number}", daemon=True)
            for number in range(threads)
        ]

    def add(self, items: Sequence[Item]) -> None:
        """Take items over, in the order of their entries. Each has at least one handler to do."""
        self._inbox.put(items)

    def stop(self) -> None:
        """End the threads. Nothing may be in progress."""
        self._inbox.put(None)
        for _ in self._runners:
            self._runnable.put(None)

    def run(self) -> None:
        """Work until stopped or until the connection fails."""
        for runner in self._runners:
            runner.start()
        try:
            marks = _Marks(self._client)
            while self._step(marks):
                pass
        except Exception as error:
            # The connection that carries marks is never reconnected: what was on its way is unknown.
            self._on_failure(error)

    def _step(self, marks: "_Marks") -> bool:
        arrived, ended, stopping = self._gather()
        self._free += sum(end.last for end in ended)
        self._enter_lanes(arrived)
        ready = self._startable()
        self._free -= len(ready)
        for item in ready:
            for handler in item.todo:
                marks.add(item, handler.id, STARTED)
        for end in ended:
            if end.result is None:
                end.item.discarded = True
            else:
                marks.add(end.item, end.result.handler, mark_of(end.result))
        marks.send()
        for item in ready:
            self._runnable.put(item)
        if ended:
            marks.confirm()
            for end in ended:
                if end.last:
                    self._leave_lane(end.item)
        return not stopping

    def _gather(self) -> tuple[list[Item], list[_Ended], bool]:
        """All messages there are; waits for one unless something can start."""
        arrived: list[Item] = []
        ended: list[_Ended] = []
        try:
            message = self._inbox.get(block=not (self._ready and self._free))
            while message is not None:
                if isinstance(message, _Ended):
                    ended.append(message)
                else:
                    arrived.extend(message)
                message = self._inbox.get_nowait()
        except Empty:
            return arrived, ended, False
        return arrived, ended, True

    def _enter_lanes(self, items: Sequence[Item]) -> None:
        """Put each item at the end of its lane; the first of a lane is ready."""
        for item in items:
            waiting = self._lanes.get(item.lane)
            if waiting is None:
                self._lanes[item.lane] = deque()
                self._ready.append(item)
            else:
                waiting.append(item)

    def _leave_lane(self, item: Item) -> None:
        """Hand a finished item back; the next of its lane is ready."""
        self._settled(item)
        waiting = self._lanes[item.lane]
        if waiting:
            self._ready.append(waiting.popleft())
        else:
            del self._lanes[item.lane]

    def _startable(self) -> list[Item]:
        """As many ready items as the runners may have; those of closing partitions are handed back."""
        startable: list[Item] = []
        while self._ready and len(startable) < self._free:
            item = self._ready.popleft()
            if item.partition.closing:
                item.discarded = True
                self._leave_lane(item)
            else:
                startable.append(item)
        return startable

    def _run_items(self) -> None:
        while (item := self._runnable.get()) is not None:
            try:
                if item.partition.closing:
                    self._inbox.put(_Ended(item, None, last=True))
                else:
                    self._run_item(item)
            except BaseException as error:
                return self._on_failure(RuntimeError(f"a runner ended: {type(error).__qualname__}"))
        return None

    def _run_item(self, item: Item) -> None:
        event = event_of(item.record)
        for left, handler in zip(range(len(item.todo) - 1, -1, -1), item.todo, strict=True):
            self._before_run()
            result = execute(handler, event)
            item.results.append(result)
            self._inbox.put(_Ended(item, result, last=not left))


class _Marks:
    """One connection that marks are written on in groups, and the answers that are still outstanding."""

    def __init__(self, client: Redis) -> None:
        self._connection: Any = client.connection_pool.get_connection()
        self._script = client.script_load(scripts.MARK)
        self._group: dict[Partition, list[str | bytes]] = {}
        self._outstanding = 0

    def add(self, item: Item, handler: str, mark: bytes) -> None:
        """Put a mark into the group."""
        self._group.setdefault(item.partition, []).extend((f"{item.entry}/{handler}", mark))

    def send(self) -> None:
        """Send the group; do not wait for the answers."""
        if not self._group:
            return
        commands = [
            (
                "EVALSHA",
                self._script,
                2,
                keys.lease(partition.number),
                keys.progress(partition.number),
                partition.lease,
                *fields[start : start + _MARK_FIELDS],
            )
            for partition, fields in self._group.items()
            for start in range(0, len(fields), _MARK_FIELDS)
        ]
        self._connection.send_packed_command(self._connection.pack_commands(commands))
        self._outstanding += len(commands)
        self._group = {}

    def confirm(self) -> None:
        """Wait for all answers. Raises `LeaseLostError` when one says that the partition is not ours."""
        while self._outstanding:
            answer = self._connection.read_response()
            self._outstanding -= 1
            if not answer:
                raise LeaseLostError("a mark was refused: the partition belongs to another drainer")
