"""The thread that journals what is settled, and then forgets it in Redis.

Entries are collected for up to 20 ms or 200 of them, written in one SQL transaction, and only after its commit
deleted in Redis, in one script that checks the leases. A crash in between leaves both: a successor writes the
same rows again, which changes nothing, and deletes then.

A journal that is away is waited for. A batch that it refuses is halved until the culprit is alone, which is kept
as a refused request: its body as it came, and the reason.
"""

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import orjson
import structlog
from redis import Redis

from workers import keys, scripts
from workers.dispatcher import Item, LeaseLostError, Partition
from workers.journal import (
    Journal,
    JournalOutdatedError,
    JournalRefusedError,
    JournalUnavailableError,
    Settled,
)
from workers.processes import StopFlag
from workers.record import Kind, Record

FLUSH_SECONDS = 0.02
BATCH = 200
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0

log = structlog.get_logger()


class JournalWriter(threading.Thread):
    """Takes settled items from `settled`, and passes each on to `released` when nothing of it is left here.

    An item that was discarded is passed on as it is. What ends the thread goes to `on_failure`.
    """

    def __init__(
        self,
        client: Redis,
        journal: Journal,
        stop: StopFlag,
        *,
        released: Callable[[Sequence[Item]], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        super().__init__(name="journal-writer", daemon=True)
        self.settled: SimpleQueue[Item | None] = SimpleQueue()
        self._journal = journal
        self._stop_flag = stop
        self._released = released
        self._on_failure = on_failure
        self._forget = client.register_script(scripts.FORGET)

    def stop(self) -> None:
        """End the thread. Nothing may be on its way."""
        self.settled.put(None)

    def run(self) -> None:
        """Write until stopped, or until Redis or a lease is lost."""
        try:
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
        item = self.settled.get()
        items: list[Item] = []
        end = time.monotonic() + FLUSH_SECONDS
        try:
            while item is not None:
                items.append(item)
                left = end - time.monotonic()
                if len(items) == BATCH or left <= 0:
                    break
                item = self.settled.get(timeout=left)
        except Empty:
            pass
        return items

    def _write(self, batch: Sequence[Settled]) -> None:
        try:
            until_it_works(lambda: self._journal.write(batch), self._stop_flag)
        except JournalRefusedError as error:
            if len(batch) > 1:
                self._write(batch[: len(batch) // 2])
                self._write(batch[len(batch) // 2 :])
                return
            log.error("the journal refuses an event", id=batch[0].record.id, reason=str(error))
            kept = [_as_refused(batch[0], str(error))]
            until_it_works(lambda: self._journal.write(kept), self._stop_flag)

    def _forget_entries(self, items: Sequence[Item]) -> None:
        """Delete in Redis what is in the journal, in one call for all partitions."""
        by_partition: dict[Partition, list[tuple[str, int, dict[str, str]]]] = {}
        for item in items:
            results = {result.handler: result.state.value for result in item.results}
            by_partition.setdefault(item.partition, []).append((item.entry, item.cost, results))
        script_keys = [keys.BACKLOG, keys.RUNS]
        for partition in by_partition:
            number = partition.number
            script_keys += [keys.lease(number), keys.stream(number), keys.progress(number)]
        entries = [(partition.lease, forgotten) for partition, forgotten in by_partition.items()]
        if self._forget(keys=script_keys, args=[orjson.dumps(entries)]):
            raise LeaseLostError("a partition belongs to another drainer")


def until_it_works(use_journal: Callable[[], None], stop: StopFlag) -> None:
    """Use the journal, and again while it is away or out of date; say so once.

    Raises what the journal raised when asked to stop meanwhile, and at once when trying again cannot help.
    """
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return use_journal()
        except (JournalUnavailableError, JournalOutdatedError) as error:
            if pause == _FIRST_PAUSE_SECONDS:
                log.error("the journal cannot be used; trying again", reason=str(error))
            if stop.wait(pause):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _settled(item: Item) -> Settled:
    return Settled(record=item.record, runs=tuple(item.results), partition=item.partition.number)


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
