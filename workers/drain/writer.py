"""The thread that journals what is settled, and then forgets it in Redis.

Entries are collected for 20 ms or, while many come, for up to 100 ms, 1,000 of them or 4 MB. They
are written in one SQL transaction, and only after its commit deleted in Redis, in one script that
checks the leases. A crash in between leaves both: a successor writes the same rows again, which
changes nothing, and deletes then.

A journal that is away is waited for, and meanwhile no run starts; to know it before the first run
after a pause, the journal is asked every second while there is nothing to write.

A batch that it refuses is halved until the culprit is alone, which is kept as a refused request:
its body as it came, and the reason. When one row after the other is refused, the fault may not be
in the rows: from then on it goes slowly, so that somebody can look before everything is kept that
way.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import orjson
import structlog
from redis import Redis

from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.journal import (
    Journal,
    JournalOutage,
    JournalRefusedError,
    JournalUnavailableError,
    RunResult,
    Settled,
)
from comethooks.workers.processes import StopFlag
from comethooks.workers.record import Kind, Record
from comethooks.workers.shipped import BOOKKEEPING
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.leases import LeaseLostError
from comethooks.workers.streams.scripts import entry_scripts

FLUSH_SECONDS = 0.02
BACKLOG_SECONDS = 0.1
"""How long a batch may gather while at least `MANY` come in each `FLUSH_SECONDS`: a row of a large
batch costs half of what it does in a small one."""
MANY = 50
BATCH = 1000
BATCH_BYTES = 4 * 2**20
"""How large a batch may be, roughly: rows that are written stand in memory several times."""
PROBE_SECONDS = 1.0
REFUSED_IN_A_ROW = 20
REFUSED_PAUSE_SECONDS = 30.0
"""After so many refused rows without one that is taken, rather the journal is at fault: one more in
this time."""

log = structlog.get_logger()


class JournalWriter(threading.Thread):
    """Journals the items from `settled`, and passes each on to `released` once it is forgotten in
    Redis.

    An item that was discarded is passed on as it is. `resumed` is called when a wait for the
    journal is over. What ends the thread goes to `on_failure`.
    """

    def __init__(
        self,
        client: Redis,
        journal: Journal,
        *,
        released: Callable[[Sequence[Item]], None],
        resumed: Callable[[], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        super().__init__(name="journal-writer", daemon=True)
        self.settled: SimpleQueue[Item | None] = SimpleQueue()
        self._journal = journal
        self._released = released
        self._resumed = resumed
        self._on_failure = on_failure
        self._stop_flag = StopFlag()
        self._outage = JournalOutage(on_end=resumed)
        self._refusing = False
        """The journal refuses one event after the other, and is not used for a while."""
        self._refused = 0
        self._forget = client.register_script(entry_scripts.FORGET)

    def stop(self) -> None:
        """End the thread. What it waits to write stays marked in Redis, for a successor."""
        self._stop_flag.set()
        self.settled.put(None)

    def is_waiting(self) -> bool:
        """Whether the journal is away. Nothing should start whose end could not be journalled."""
        return self._refusing or self._outage.noticed

    def run(self) -> None:
        """Write until stopped, or until Redis or a lease is lost."""
        try:
            # What is written is forgotten before the next batch is begun: at any moment a crash
            # leaves one batch, at most, that is both in SQL and in Redis.
            while items := self._gather():
                kept = [item for item in items if not item.discarded]
                if kept:
                    self._write([_settled(item) for item in kept])
                    self._forget_entries(kept)
                self._released(items)
        except Exception as error:
            self._on_failure(error)

    def _gather(self) -> list[Item]:
        """A batch, once there is one; none when it is over."""
        item = self._first()
        if item is None:
            return []
        self._let_gather()
        items, size = [item], item.cost
        with contextlib.suppress(Empty):
            while len(items) < BATCH and size < BATCH_BYTES:
                item = self.settled.get_nowait()
                if item is None:
                    self.settled.put(None)  # for the next round, after this batch
                    break
                items.append(item)
                size += item.cost
        return items

    def _let_gather(self) -> None:
        """Sleep for as long as a batch may gather. Not one by one: to be woken for each costs more
        than to write it.
        """
        end = time.monotonic() + BACKLOG_SECONDS
        before = -MANY
        while before + MANY <= (here := self.settled.qsize()) < BATCH and time.monotonic() < end:
            before = here
            if self._stop_flag.wait(FLUSH_SECONDS):
                return

    def _first(self) -> Item | None:
        while True:
            try:
                return self.settled.get(timeout=PROBE_SECONDS)
            except Empty:
                # Idle: ask now, so that the first run after a pause does not find it out.
                self._until_it_works(self._journal.probe)

    def _write(self, batch: Sequence[Settled]) -> None:
        try:
            self._until_it_works(lambda: self._journal.write(batch))
            self._refused = 0
        except JournalRefusedError as error:
            if len(batch) > 1:  # one row spoils it for all: halves, until that one is alone
                self._write(batch[: len(batch) // 2])
                self._write(batch[len(batch) // 2 :])
            elif self._refused < REFUSED_IN_A_ROW:
                self._refused += 1
                self._keep_refused(batch[0], str(error))
            else:
                self._refused -= 1  # after the pause one more may be kept so, however it goes
                self._pause(str(error))
                self._write(batch)

    def _keep_refused(self, culprit: Settled, reason: str) -> None:
        log.error("the journal refuses an event", id=culprit.record.id, reason=reason)
        kept = [_as_refused(culprit, reason)]
        self._until_it_works(lambda: self._journal.write(kept))

    def _pause(self, reason: str) -> None:
        log.error("the journal refuses one event after the other; waiting", reason=reason)
        self._refusing = True
        if self._stop_flag.wait(REFUSED_PAUSE_SECONDS):
            raise JournalUnavailableError(reason)
        self._refusing = False
        self._resumed()

    def _until_it_works(self, use_journal: Callable[[], None]) -> None:
        self._outage.until_it_works(use_journal, self._stop_flag)

    def _forget_entries(self, items: Sequence[Item]) -> None:
        """Delete in Redis what is in the journal, in one call for all partitions."""
        by_partition: dict[Partition, list[tuple[str, int, dict[str, str]]]] = {}
        for item in items:
            entry = item.entry, item.cost, item.forgettable()
            by_partition.setdefault(item.partition, []).append(entry)
        script_keys = [keys.BACKLOG, keys.RUNS]
        for partition in by_partition:
            number = partition.number
            script_keys += [keys.lease(number), keys.stream(number), keys.progress(number)]
        entries = [(partition.lease, forgotten) for partition, forgotten in by_partition.items()]
        # One script for all partitions, so that a batch costs one round trip.
        if self._forget(keys=script_keys, args=[orjson.dumps(entries)]):
            raise LeaseLostError("a partition belongs to another drainer")


def _settled(item: Item) -> Settled:
    kept = tuple(each for each in item.results if not _is_bookkeeping(each))
    return Settled(record=item.record, runs=kept, partition=item.partition.number)


def _is_bookkeeping(result: RunResult) -> bool:
    """Whether there is nothing to tell of a run."""
    went_well = result.state is RunState.DONE and result.attempts == 1 and not result.effects
    return went_well and result.handler in BOOKKEEPING


def _as_refused(culprit: Settled, reason: str) -> Settled:
    """What is kept of an event whose row SQL refuses: nothing but its id, its time and its body."""
    record = culprit.record
    bare = Record(
        kind=Kind.REFUSED,
        id=record.id,
        received_at=record.received_at,
        size=record.size,
        status=record.status,
        reason=f"the journal refused it: {reason}",
        body=record.body,
    )
    return Settled(record=bare, runs=(), partition=culprit.partition)
