"""Emptying a spool into Redis, oldest first, while others append to it.

Most of it is emptied without the lock for appending. When little is left, the last records, and the
word that there are none any more, are one step under that lock: whoever finds it gone goes to Redis
after everything that came before. That step takes as long as a few records do, and ends after 0.08
seconds where Redis does not answer.

1. `doubt` is set behind what is to be accepted next.
2. It is accepted, in its order, as it would have been when it came: the same id, the same key.
3. `place` is set behind it; a segment that is empty is deleted.
4. Under the lock for appending: the rest of it is accepted, all segments are deleted, `holds` is
   cleared.

Killed after 1 or 2, the next one begins at the same place and accepts the same again: Redis knows
the ids by their keys, and where these may be gone, it is asked for the ids first (`doubts`). Killed
within 3 or 4, there is a segment that is emptied, or nothing at all.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.deployment import UNKNOWN_REDIS, belongs
from comethooks.workers.spool.doubts import CannotAskError, Doubts
from comethooks.workers.spool.segment_writing import add_aside, amount_of
from comethooks.workers.spool.shared_state import Position
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_reading import FoundRecord, SpoolChunk, SpoolReader
from comethooks.workers.spool.spooled import Spooled
from comethooks.workers.spool.taking import Decoded, Outcomes, accept_all, decoded, in_arrival_order
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import BacklogFullError, NotKeptError
from comethooks.workers.streams.owner import owner_of, take_over, taken_over
from comethooks.workers.streams.refusals import what_failed

PATIENCE_SECONDS = 1.0
"""How long Redis may take for a chunk."""
HURRY_SECONDS = 0.08
"""How long it may take for the last records, while nobody can append."""
BUSY = "another process is at it"
"""Why a go was none."""
LAST_RECORDS, LAST_BYTES = 32, 256 * 1024
"""The most that is accepted while nobody can append."""
_STUBBORN = 3
"""After so many tries in which those behind it were accepted, a record is set aside."""

log = structlog.get_logger()


class _StoppedError(Exception):
    """What is in the way for now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EmptiedSpool:
    """What became of a go at emptying: how many records were accepted, whether nothing is left, and
    else what is in the way.
    """

    records: int = 0
    is_done: bool = False
    reason: str | None = None


@dataclass(slots=True)
class _Go:
    """One go: as long as Redis answers."""

    doubts: Doubts
    records: int = 0


class Emptier:
    """Empties a spool into the Redis of the settings. It connects when it is first needed."""

    def __init__(self, spool: Spool, settings: Settings) -> None:
        self._spool = spool
        self._settings = settings
        self._reader = SpoolReader(spool)
        self._streams = Streams.open(settings, timeout=PATIENCE_SECONDS)
        self._hurried = Streams.open(settings, timeout=HURRY_SECONDS, repeats=False)
        self._stubborn: dict[Position, int] = {}

    def empty(self) -> EmptiedSpool:
        """Empty it as far as that goes, unless somebody else is at it. Raises `SpoolError` and
        `OSError` of its files.
        """
        spool = self._spool
        if not spool.emptying.acquire(blocking=False):
            return EmptiedSpool(reason=BUSY)
        go = _Go(Doubts(self._settings, self._streams))
        reason = None
        try:
            while spool.holds:
                self._step(go)
        except (_StoppedError, CannotAskError) as stopped:
            reason = stopped.reason
        except (RedisError, OSError) as error:
            if isinstance(error, OSError):
                raise
            reason = f"Redis {what_failed(error)}"
        finally:
            spool.state.reason = reason or ""
            spool.emptying.release()
        return EmptiedSpool(go.records, not spool.holds, reason)

    def learn(self) -> None:
        """Have the spool remember whose events Redis gets, which it is told when Redis is away.
        Raises redis-py's errors and `OSError`.
        """
        owner = owner_of(self._streams.client)
        if owner and not self._spool.holds:
            self._spool.remember(owner)
            self.take_back()

    def take_back(self, *, adopting: bool = False) -> None:
        """Have what was set aside as another deployment's emptied after all, where it may go to
        this Redis by now; or all of it, when what it was for is gone and this is `adopting` it.
        Raises redis-py's errors and `OSError`.
        """
        with self._spool.emptying:
            foreign = set(self._spool.foreign().values()) - {""}
            if not foreign:
                return
            client = self._streams.client
            if adopting:
                take_over(client, foreign)
            self._spool.take_back(foreign & {owner_of(client), *taken_over(client)})

    def close(self) -> None:
        """Close the connections."""
        self._streams.close()
        self._hurried.close()

    def _step(self, go: _Go) -> None:
        chunk = self._reader.read()
        if chunk is None or (
            chunk.is_at_tail
            and len(chunk.found) <= LAST_RECORDS
            and chunk.bytes <= LAST_BYTES
            and not self._in_doubt(go, chunk)
            and self._is_ours(chunk, self._streams)
        ):
            self._finish(go)
            return
        if not self._is_ours(chunk, self._streams):
            self._spool.set_segment_aside(chunk.number, ".foreign")
            return
        self._take(go, chunk, self._streams)
        if chunk.is_end:
            self._reader.drop(chunk.number)

    def _finish(self, go: _Go) -> None:
        """Accept the rest and say that there is nothing any more, while nobody can append."""
        with self._spool.appending:
            began = time.monotonic()
            self._spool.mend()
            chunk = self._reader.read()
            if chunk is not None:
                if not (
                    chunk.is_at_tail
                    and len(chunk.found) <= LAST_RECORDS
                    and not self._in_doubt(go, chunk)
                ):
                    return  # more has come: first without the lock
                if not self._is_ours(chunk, self._hurried):
                    return
                self._take(go, chunk, self._hurried)
            self._reader.clear()
            paused = time.monotonic() - began
        log.info("spool is empty", emptied=go.records, paused_ms=round(paused * 1000, 1))

    def _is_ours(self, chunk: SpoolChunk, streams: Streams) -> bool:
        """Whether it may go to this Redis; what may not is set aside."""
        ours = belongs(streams.client, self._settings, chunk.journal_id)
        if ours is None:
            raise _StoppedError(UNKNOWN_REDIS)
        if not ours:
            log.error("part of the spool is of another deployment", segment=chunk.number)
        return ours

    def _in_doubt(self, go: _Go, chunk: SpoolChunk) -> bool:
        """Whether anything of it has to be asked for before it is accepted."""
        return any(map(go.doubts.concern, self._doubted(decoded(chunk))))

    def _doubted(self, records: Sequence[Decoded]) -> list[Spooled]:
        doubt = self._spool.state.doubt
        return [
            request
            for found, request in records
            if request is not None and (request.in_doubt or found.end <= doubt)
        ]

    def _take(self, go: _Go, chunk: SpoolChunk, streams: Streams) -> None:
        """Accept the records of a chunk, up to the first that cannot be accepted now."""
        if not chunk.found:
            return
        as_written = decoded(chunk)
        records = in_arrival_order(as_written)
        known = go.doubts.known(self._doubted(records))
        state = self._spool.state
        state.doubt = max(state.doubt, chunk.found[-1].end)
        outcomes = accept_all(
            streams, [each for _, each in records if each and each.record.id not in known]
        )
        done = self._done(records, outcomes)
        passed = [found for found, _ in records[:done]]
        # Of those that were moved, nobody knows by one place which are done. All of them are again
        # accepted, and known by then.
        if done == len(records) or records == as_written:
            self._put_aside(chunk, records[:done], outcomes)
            self._pass_by(go, passed)
        if done < len(records):
            error = outcomes[_id_of(records[done])]
            assert isinstance(error, NotKeptError)
            raise _StoppedError(error.reason)
        self._stubborn.clear()

    def _done(self, records: Sequence[Decoded], outcomes: Outcomes) -> int:
        """How many of the records nothing is to be done about any more, from the first on."""
        for number, each in enumerate(records):
            error = outcomes.get(_id_of(each))
            if isinstance(error, NotKeptError):
                behind = (outcomes.get(_id_of(other), error) for other in records[number + 1 :])
                if not self._is_stubborn(each[0].end, error, others=None in behind):
                    return number
        return len(records)

    def _put_aside(self, chunk: SpoolChunk, records: Sequence[Decoded], outcomes: Outcomes) -> None:
        """Keep what was passed by although it was not accepted, where it holds nobody up."""
        for found, request in records:
            error = outcomes.get(_id_of((found, request)))
            if found.payload is not None and (request is None or error is not None):
                log.error("a record of the spool cannot be accepted", segment=chunk.number)
                add_aside(self._spool.folder, chunk.number, ".refused", found.payload)

    def _pass_by(self, go: _Go, passed: Sequence[FoundRecord]) -> None:
        payloads = [each.payload for each in passed if each.payload is not None]
        if passed:
            self._reader.pass_by(max(each.end for each in passed), amount_of(payloads))
        go.records += len(payloads)

    def _is_stubborn(self, end: Position, error: NotKeptError, *, others: bool) -> bool:
        """Whether a record is refused for what it is, and not since Redis takes nothing now: then
        `others` behind it are accepted.
        """
        if isinstance(error, BacklogFullError) or error.may_be_kept or not others:
            return False
        self._stubborn[end] = self._stubborn.get(end, 0) + 1
        return self._stubborn[end] >= _STUBBORN


def _id_of(record: Decoded) -> str:
    return record[1].record.id if record[1] else ""
