"""The drainer: takes its share of the partitions, runs what is in them, journals it, and only then
forgets it.

It is one long RQ job. Its main thread leases and reads; the `dispatcher` thread starts runs and
writes their marks, runner threads run handlers, the `journal-writer` thread writes to SQL and
forgets in Redis, and the `keeper` thread renews the leases.

From the stream to the journal, and what a crash between two steps leaves to the successor:

1. A lease is taken, then the marks of the partition are read, then its stream from the start.
   Crash: the lease is dropped by the worker or by any drainer of this host, or ends by itself.
2. Entries are read; the cursor is in memory only. Crash: they are read again.
3. Their runs start, end and are marked: see `workers.drain.dispatcher`. Crash: what is marked is
   not run again.
4. Settled entries are journalled, a batch in one SQL transaction. Crash before the commit: the
   successor journals from the marks. Crash after it: the successor journals the same rows, which
   changes nothing.
5. Entries and marks are forgotten in one script, which checks the leases. Crash: as after 4.
6. A lease is given back when nothing of its partition is left in this process.
"""

import os
import time
from collections.abc import Iterable, Sequence

import structlog

from comethooks.workers.drain.dispatcher import Dispatcher
from comethooks.workers.drain.intake import Intake
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.marks import read_marks
from comethooks.workers.drain.writer import JournalWriter
from comethooks.workers.handlers.crew import Crew
from comethooks.workers.handlers.isolated_process import Isolated
from comethooks.workers.handlers.isolation import Isolation
from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.runners import GRACE_SECONDS
from comethooks.workers.journal import Journal
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.processes import StopFlag, member_name
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.keeper import RENEWAL_SECONDS, Keeper, exit_at_once
from comethooks.workers.streams.layout import Layout, read_layouts, retire
from comethooks.workers.streams.leases import LeaseLostError, Leases
from comethooks.workers.vital_signs import VitalSigns

BALANCE_SECONDS = 0.25
"""How often to look whether partitions are to be taken or given back."""
IDLE_BALANCE_SECONDS = 0.5
"""How often it looks when it has read nothing for `IDLE_SECONDS`. An entry wakes it at once."""
IDLE_SECONDS = 5.0
SHORT_SECONDS = 0.02
"""How long to wait for entries while a partition is to be given back, or it or one of its lanes is
to be read again once there is room."""
STOP_MARGIN_SECONDS = 5.0
"""How much longer than a handler may take the end of a drainer may take."""
LAYOUT_SECONDS = 1.0
"""How often to look whether other partitions are to be drained."""

log = structlog.get_logger()


class Drainer:
    """One drainer. `run` works until `stop` is set, `life` seconds are over or its parent died."""

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        journal: Journal,
        services: Services,
        stop: StopFlag,
        signs: VitalSigns,
        *,
        layout: Layout,
        life: float,
    ) -> None:
        self._client = connect(settings.redis_url)
        self._stop = stop
        self._layout = layout
        self._layout_is_over = False
        self._next_look = 0.0
        self._end_of_life = time.monotonic() + life
        self._parent = os.getppid()
        self._handler_timeout = settings.handler_timeout
        self._longest_end = settings.handler_timeout + GRACE_SECONDS + STOP_MARGIN_SECONDS
        self._ending_since: float | None = None
        member = member_name(os.getpid())
        self._leases = Leases(self._client, member, layout.numbers)
        keeping = connect(settings.redis_url, timeout=RENEWAL_SECONDS)
        self._keeper = Keeper(Leases(keeping, member, layout.numbers))
        self._crew: Crew[Sequence[Item]] = Crew(settings.threads, services, self._client, signs)
        self._writer = JournalWriter(
            connect(settings.redis_url),
            journal,
            released=self._crew.tell,
            resumed=lambda: self._dispatcher.look_again(),
            on_failure=self._crew.tell,
        )
        self._isolation = Isolation(lambda: Isolated(settings.environ), self._crew.tell)
        self._dispatcher = Dispatcher(
            connect(settings.redis_url),
            self._crew,
            self._isolation,
            member=member,
            before_run=self._exit_if_expired,
            paused=self._writer.is_waiting,
            settled=self._settle,
            line_length=journal.line_length,
            on_failure=self._crew.tell,
        )
        self._intake = Intake(self._client, plugins)
        self._partitions: dict[int, Partition] = {}
        self._next_balance = 0.0
        self._idle_at = time.monotonic() + IDLE_SECONDS

    def run(self) -> None:
        """Drain. Raises what ends it early: a lost connection, a lost lease."""
        threads = (self._keeper, self._writer, self._crew, self._isolation, self._dispatcher)
        for thread in threads:
            thread.start()
        while True:
            if not self._ending():
                self._look_at_layout()
                self._balance()
            elif not self._close_all():
                break
            elif self._writer.is_waiting() and self._dispatcher.idle:
                # What has run is marked: a successor journals it, without running it again.
                log.warning("ended while the journal is away", unjournalled=self._intake.unsettled)
                break
            self._exit_if_overdue()
            self._collect()
            self._give_back()
            self._read()
        for thread in threads:
            thread.stop()
        # A renewal beside the drop would find the leases lost, and end the process at once.
        self._keeper.join()
        self._leases.drop(self._leases.member)

    def _exit_if_expired(self) -> None:
        if self._keeper.expired():
            exit_at_once("the leases could not be renewed in time")

    def _exit_if_overdue(self) -> None:
        if self._ending_since and time.monotonic() > self._ending_since + self._longest_end:
            exit_at_once("what was in progress did not end in time")

    def _ending(self) -> bool:
        asked = self._stop.is_set() or self._crew.stuck or os.getppid() != self._parent
        return (
            asked or self._layout_is_over or self._ending_since is not None or self._life_is_over()
        )

    def _life_is_over(self) -> bool:
        """Whether it may end of age: when nothing is in progress here or, later, whatever is."""
        over = time.monotonic() - self._end_of_life
        return over > self._handler_timeout or (over > 0 and not self._intake.unsettled)

    def _close_all(self) -> int:
        """Start nothing new. How many partitions are still to be given back."""
        if self._ending_since is None:
            self._ending_since = time.monotonic()
            # The others shall take what is given back, and not wait for the last handler here.
            self._keeper.leave()
        self._close(self._partitions.values())
        return len(self._partitions)

    def _close(self, partitions: Iterable[Partition]) -> None:
        staying = [partition for partition in partitions if not partition.closing]
        for partition in staying:
            partition.closing = True
        if staying:
            self._dispatcher.look_again()

    def _look_at_layout(self) -> None:
        """Retire the layout when it is empty and there is a newer one. Who drains it then ends."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LAYOUT_SECONDS
        layouts = read_layouts(self._client)
        retired = layouts.emptying == self._layout and retire(self._client, self._layout)
        self._layout_is_over = retired or layouts.draining != self._layout

    def _balance(self) -> None:
        if time.monotonic() < self._next_balance:
            return
        # Before the call: a lease that it takes must not seem to hold longer than it does.
        asked = self._leases.clock()
        self._next_balance = time.monotonic() + self._until_balance()
        balance = self._leases.balance()
        for number, lease in balance.held.items():
            if number not in self._partitions:
                self._take(number, lease, asked)
        for number, partition in self._partitions.items():
            if balance.held.get(number) != partition.lease:
                raise LeaseLostError(f"partition {number} belongs to another drainer")
        staying = sorted(
            (p for p in self._partitions.values() if not p.closing), key=lambda p: p.unsettled
        )
        # Those with the least to do: they are given back soonest.
        self._close(staying[: max(0, len(staying) - balance.share)])

    def _until_balance(self) -> float:
        return BALANCE_SECONDS if time.monotonic() < self._idle_at else IDLE_BALANCE_SECONDS

    def _take(self, number: int, lease: str, asked: float) -> None:
        # The marks after the lease: before, the one who had it may still have written some.
        self._keeper.hold(number, lease, asked)
        self._partitions[number] = Partition(number, lease, read_marks(self._client, number))

    def _give_back(self) -> None:
        for number, partition in list(self._partitions.items()):
            if partition.closing and not partition.unsettled:
                # Not renewed any more before it is released: the keeper would find it lost.
                self._keeper.let_go(number)
                self._leases.release(number, partition.lease)
                del self._partitions[number]

    def _read(self) -> None:
        """Read what the window has room for. Waits no longer than until the next duty."""
        readable = self._intake.readable(self._partitions.values())
        everything = len(readable) == len(self._partitions) and not self._intake.is_behind(readable)
        waiting = self._until_balance() if everything else SHORT_SECONDS
        if not readable or self._writer.is_waiting():
            self._collect(waiting)
            return
        items = self._intake.read(readable, waiting)
        if items:
            self._idle_at = time.monotonic() + IDLE_SECONDS
        for item in items:
            if not item.todo:
                self._writer.settled.put(item)
        self._dispatcher.add([item for item in items if item.todo])

    def _settle(self, item: Item) -> None:
        """In the dispatcher's thread: have what has ended journalled."""
        item.end()
        self._writer.settled.put(item)

    def _collect(self, timeout: float = 0.0) -> None:
        """Make room for what has left this process. Waits up to `timeout` seconds for something."""
        for items in self._crew.told(timeout):
            for item in items:
                self._intake.release(item)
