"""Keeping requests in Redis, or in the spool of this host while Redis does not take them.

As long as nothing is in the spool, a request goes to Redis. When that fails, it goes to the spool,
with all that failed together, in the order in which they came. From then on everything goes there,
until emptying has come to its end: so whatever is sent after an answer stands behind what was
answered. What waits for the spool is written and flushed to the disk together, by one thread.

| what | answer |
|---|---|
| Redis has it | 200 |
| Redis does not answer, or refuses, or is full; the spool has it | 200, with the id that it keeps |
| the spool is full or fails, and Redis takes it | 200; it may get ahead of what is in the spool |
| neither takes it | 503 |
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from comethooks.webhooks.spooling.emptying_thread import EmptyingThread
from comethooks.workers.record import Kind, Record
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolError, SpoolFullError
from comethooks.workers.spool.spooled import Spooled
from comethooks.workers.streams.accept import Append, Streams
from comethooks.workers.streams.accepted import Accepted, NotKeptError

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Underway:
    """A request that is to be kept: on its way to Redis, or, with a ticket, to the spool."""

    record: Record
    duplicate_key: bytes
    has_time: bool
    details: bytes
    append: "Append | None" = None
    ticket: "Ticket | None" = None


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that waits for the spool. `refused` says why Redis does not have it; None for one
    that only stands behind others, and goes to Redis when these are gone, or the spool fails.
    """

    request: Underway
    refused: NotKeptError | None = None
    is_settled: bool = False
    is_kept: bool = False
    error: SpoolError | None = None

    def spooled(self) -> Spooled:
        """As the spool keeps it."""
        request, refused = self.request, self.refused
        return Spooled(
            request.record,
            request.duplicate_key,
            request.has_time,
            request.details,
            in_doubt=refused is not None and refused.may_be_kept,
        )


class Spooling:
    """What `Streams` is for keeping requests, with a spool behind it. Threads may share it.

    `count` is told how many went to the spool.
    """

    def __init__(
        self,
        streams: Streams,
        spool: Spool,
        emptying: EmptyingThread,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._streams = streams
        self._spool = spool
        self._state = spool.state
        self._emptying = emptying
        self._count = count
        self._underway: dict[Underway, None] = {}
        """What is on its way to Redis, in the order in which it came."""
        self._lock = threading.Lock()
        self._waiting: list[Ticket] = []
        self._unsettled = 0
        self._writing = threading.Lock()

    def begin(
        self,
        record: Record,
        *,
        duplicate_key: bytes = b"",
        has_time: bool = False,
        details: bytes = b"",
    ) -> Underway:
        """Begin to keep a request, without waiting for anything; `finish` has to follow."""
        request = Underway(record, duplicate_key, has_time, details)
        # What waits for the spool, too: it may find that the spool is empty, and go to Redis.
        if self._state.holds or self._unsettled:
            with self._lock:
                self._queue(request, None)
        else:
            self._to_redis(request)
            self._underway[request] = None
        return request

    def finish(self, request: Underway) -> Accepted:
        """Wait until it is kept. Raises `NotKeptError` when it may not be."""
        failed: SpoolError | None = None
        while True:
            ticket = request.ticket
            if ticket is None:
                assert request.append is not None
                try:
                    return self._streams.finish(request.append)
                except NotKeptError as error:
                    if failed is not None:
                        raise _neither(error, failed) from None
                    ticket = self._give_over(request, error)
                finally:
                    self._underway.pop(request, None)
            self._settle(ticket)
            if ticket.is_kept:
                record = request.record
                return Accepted(
                    record.id, duplicate=False, decision=record.decision, details=request.details
                )
            failed = ticket.error
            if ticket.refused is not None:
                raise _neither(ticket.refused, failed)
            request.ticket = None  # it is on its way to Redis after all

    def _to_redis(self, request: Underway) -> None:
        request.append = self._streams.begin(
            request.record,
            duplicate_key=request.duplicate_key,
            has_time=request.has_time,
            details=request.details,
        )

    def _give_over(self, request: Underway, error: NotKeptError) -> Ticket:
        """Have the spool take a request, and before it those that came before and failed, too."""
        with self._lock:
            for other in list(self._underway):
                if other is request:
                    break
                if other.append is not None and other.append.has_failed:
                    self._queue(other, error)
            return self._queue(request, error)

    def _queue(self, request: Underway, refused: NotKeptError | None) -> Ticket:
        if request.ticket is None:
            request.ticket = Ticket(request, refused)
            self._waiting.append(request.ticket)
            self._unsettled += 1
        return request.ticket

    def _settle(self, ticket: Ticket) -> None:
        """Wait until it is known whether the spool has it. Whoever is first writes for all."""
        with self._writing:
            if ticket.is_settled:
                return
            with self._lock:
                batch, self._waiting = self._waiting, []
            try:
                self._write(batch)
            finally:
                for each in batch:
                    each.is_settled = True
                with self._lock:
                    self._unsettled -= len(batch)

    def _write(self, batch: list[Ticket]) -> None:
        """Write what waits to the spool; what Redis has not failed goes there if it can."""
        taken = self._taken(batch)
        if taken:
            refused = next((each.refused for each in taken if each.refused), None)
            began = refused is not None and not self._state.holds
            try:
                kept = self._spool.append(
                    [each.spooled() for each in taken], anyway=refused is not None
                )
            except SpoolError as error:
                log.error("not spooled", count=len(taken), reason=error.reason)
                for each in taken:
                    each.error = error
            else:
                for each in taken:
                    each.is_kept = kept
                if kept:
                    self._count(len(taken))
                    self._emptying.kick()
                if began and refused is not None:
                    log.warning("spooling", reason=refused.reason)
        for each in batch:
            if not each.is_kept and each.refused is None:
                self._to_redis(each.request)

    def _taken(self, batch: list[Ticket]) -> list[Ticket]:
        """Those of a batch that the spool is to take: refusals only while it is half empty."""
        if any(_is_refusal(each) for each in batch) and self._spool.is_half_full:
            for each in filter(_is_refusal, batch):
                each.error = SpoolFullError("the rest of the spool is for events")
            return [each for each in batch if not _is_refusal(each)]
        return batch


def _is_refusal(ticket: Ticket) -> bool:
    return ticket.request.record.kind is Kind.REFUSED


def _neither(refused: NotKeptError, failed: SpoolError | None) -> NotKeptError:
    """Why a request is neither in Redis nor in the spool."""
    reason = refused.reason if failed is None else f"{refused.reason}; {failed.reason}"
    return NotKeptError(reason, may_be_kept=refused.may_be_kept)
