"""A dispatcher with its inputs and outputs, and items for it."""

from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, cast

from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.drain.dispatcher import Dispatcher
from comethooks.workers.drain.items import Item
from comethooks.workers.drain.marks import start_mark
from comethooks.workers.handlers.isolated_process import Died, Isolated
from comethooks.workers.handlers.isolation import Isolation
from comethooks.workers.handlers.run import execute
from comethooks.workers.handlers.runners import Runners
from comethooks.workers.journal import Attempt, Line, RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import Record, event_of
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.workers.engine import append, clients, partition, record, services


class InThread:
    """Stands for the process of isolated runs, which knows only plugins that it can load."""

    is_running = False

    def __init__(self, deaths: SimpleQueue[str]) -> None:
        self._deaths = deaths

    def ready(self, unless: Callable[[], bool]) -> bool:
        return not unless()

    def run(
        self,
        handler: BoundHandler,
        record: Record,
        *,
        attempt: int,
        replay: str | None = None,
        dry_run: bool = False,
    ) -> RunResult | Died:
        event = event_of(record, replay)
        result = execute(handler, event, services(), attempt=attempt, dry_run=dry_run)
        return result if self._deaths.empty() else Died(self._deaths.get(), now_ms())

    def close(self) -> None:
        pass


class Bench:
    """A dispatcher with its inputs and outputs."""

    def __init__(self, server: RedisServer, threads: int = 4) -> None:
        self.redis, own = clients(server.url)
        self.settled: SimpleQueue[Item] = SimpleQueue()
        self.failures: list[Exception] = []
        self.paused = False
        self.lines: Counter[Line] = Counter()
        """How many runs stand in the lines of ordered handlers, in SQL."""
        self.asked: list[Line] = []
        """Which lines the dispatcher asked about."""
        self.runners = Runners(threads, services(), on_failure=self.failures.append)
        self.deaths: SimpleQueue[str] = SimpleQueue()
        """How the processes of the next isolated runs end."""
        self.isolation = Isolation(
            lambda: cast(Isolated, InThread(self.deaths)), self.failures.append
        )
        self.dispatcher = Dispatcher(
            own,
            self.runners,
            self.isolation,
            member="host|boot|1",
            before_run=lambda: None,
            paused=lambda: self.paused,
            settled=self.settled.put,
            line_length=self._line_length,
            on_failure=self.failures.append,
        )
        self.runners.start()
        self.isolation.start()
        self.dispatcher.start()

    def _line_length(self, line: Line, limit: int) -> int:
        self.asked.append(line)
        return min(self.lines[line], limit)

    def close(self) -> None:
        """End its threads."""
        self.dispatcher.stop()
        self.dispatcher.join(10)
        self.runners.stop()
        self.isolation.stop()

    def marks(self, item: Item) -> dict[bytes, bytes]:
        """The marks of an item in Redis, by handler."""
        found: dict[bytes, bytes] = self.redis.hgetall(keys.progress(item.partition.number))  # type: ignore[assignment]
        own = item.entry.encode() + b"/"
        return {
            name.removeprefix(own): mark for name, mark in found.items() if name.startswith(own)
        }

    def collect(self, count: int) -> list[Item]:
        """So many settled items, in the order in which they were handed back."""
        return [self.settled.get(timeout=10) for _ in range(count)]


def items(redis: Redis, lanes: list[int], *handlers: Any) -> list[Item]:
    """An item for each lane, all in partition 0."""
    held = partition(redis)
    made = [append(redis, held, record(lane, number)) for number, lane in enumerate(lanes)]
    for item in made:
        item.todo = handlers
    return made


STARTED = start_mark("host|boot|1")


def may_be_poison(item: Item, handler: str) -> None:
    """Have a run be one that was in progress at one death."""
    died = Attempt(1, None, None, "its process ended before it did")
    item.deaths, item.alone = {handler: (died,)}, frozenset({handler})


def close_partition(bench: Bench, item: Item) -> None:
    """What a drainer does when it is to give a partition back."""
    item.partition.closing = True
    bench.dispatcher.look_again()
