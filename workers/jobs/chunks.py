"""Replays: kept events, put through handlers again by RQ jobs of the queue `runs`, one chunk after
the other.

What happens to a chunk, and what a crash after each step leaves:

1. The job claims it: the row of the replay says who works on it, and until when. Crash: the
   scheduler takes the claim away, and another job does the chunk, for a while one run at a time:
   one of them may have killed the process.
2. The next events are read, and their handlers run. Crash: the same; the runs that were made are
   made again.
3. Runs, the place that was come to and the counts are written in one transaction, which ends the
   claim and which nobody but its holder can end. Crash before: as after 2. After: the next chunk is
   due.
4. A job goes on for a second, then it enqueues the next one. Crash before: the scheduler does,
   within a second.

Events keep their conversation's order within a chunk. A run that fails is a row that is due again,
as live ones are; what has to wait for one of an ordered handler is a row, too, see
`workers.replays.lines`. Nothing enters the streams, not even what handlers emit (see
`workers.replays.emitted_events`), so live events wait for none of this.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.crew import Crew
from comethooks.workers.handlers.unmade import unmade_run
from comethooks.workers.jobs.claim import Claim
from comethooks.workers.jobs.equipment import Equipment, equipped
from comethooks.workers.jobs.queues import RUNS_QUEUE, enqueue_replays, open_queue
from comethooks.workers.journal import (
    Candidate,
    JournalOutage,
    JournalRefusedError,
    Place,
    Progress,
    RunResult,
    StoredReplay,
)
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.processes import member_name
from comethooks.workers.replays.chunk_runs import Pending, ReplayRuns, Told
from comethooks.workers.replays.lines import ReplayLines
from comethooks.workers.replays.selection import handlers_for
from comethooks.workers.states import ReplayState, RunState, run_mode
from comethooks.workers.streams.counters import count_runs

CHUNK = 100
"""Events of one chunk, at most."""
WORK_SECONDS = 1.0
"""After so long a job starts nothing more: further attempts and other replays get their turn.

Till then it waits for chunks that are due later. When the next one is due within so long, the job
enqueues the next one; else the scheduler does when it is time.
"""
_BURST_SECONDS = 0.1
"""At a rate, the events of so long are begun together."""
_LATE_MS = 250
"""So late a chunk may be, and those after it still make up for it; later than that, the time is
lost."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What is to be done: events, the handlers of each, the runs to make, and those that are not
    made.
    """

    found: Sequence[Candidate]
    handlers: Sequence[Sequence[BoundHandler]]
    pending: Sequence[Pending]
    unrun: Sequence[tuple[str, RunResult]]
    lines: ReplayLines


class Replaying:
    """One job's work on the replay `name`."""

    def __init__(self, name: str, equipment: Equipment) -> None:
        journal = equipment.journal
        self._name = name
        self._plugins = equipment.plugins
        self._line_length = journal.line_length
        self._replays = journal.replays
        self._client = equipment.client
        self._stop = equipment.stop
        self._member = member_name(os.getpid())
        threads = equipment.settings.threads
        self._crew: Crew[Told] = Crew(
            threads, equipment.services(), equipment.client, equipment.signs
        )
        self._own = Claim(self._renew)
        self._outage = JournalOutage()

    def run(self) -> None:
        """Do what is due for a second. Raises the journal's errors, and whatever ends a thread."""
        self._crew.start()
        end = time.monotonic() + WORK_SECONDS
        while replay := self._claim(end):
            runs = ReplayRuns(self._name, self._crew, self._stop, dry_run=replay.dry_run)
            if not self._go_on(replay, runs, end) or runs.over() or time.monotonic() > end:
                break
        self._crew.stop()

    def is_due(self) -> bool:
        """Whether the next chunk is due, or soon enough for the next job to wait for it."""
        replay = self._replays.get(self._name)
        return (
            replay is not None
            and replay.state is ReplayState.RUNNING
            and replay.next_at <= now_ms() + WORK_SECONDS * 1000
        )

    def _claim(self, end: float) -> StoredReplay | None:
        """Claim the next chunk; wait for it, if it is due before the `end` of this job."""
        known = self._replays.get(self._name)
        if known is None or self._stop.is_set():
            return None
        wait = (known.next_at - now_ms()) / 1000
        if wait > max(0, end - time.monotonic()) or (wait > 0 and self._stop.wait(wait)):
            return None
        now, until = self._own.begin()
        return self._replays.claim(self._name, self._member, now=now, until=until)

    def _go_on(self, replay: StoredReplay, runs: ReplayRuns, end: float) -> bool:
        """Do one chunk. Whether it is recorded, and another one may follow."""
        if missing := sorted(
            replay.request.handlers - {each.id for each in self._plugins.handlers}
        ):
            error = f"the workers do not have {missing[0]}; see: comethooks plugins list"
            self._replays.fail(self._name, self._member, error, now_ms())
            return False
        found = self._replays.candidates(replay.request, self._name, replay.place, CHUNK)
        chunk = self._chunk(replay, found)
        results = [
            *chunk.unrun,
            *runs.make(chunk.pending, chunk.lines, until=end, tick=self._keep_claim),
        ]
        return self._record(replay, chunk, results)

    def _chunk(self, replay: StoredReplay, found: Sequence[Candidate]) -> _Chunk:
        handlers = [handlers_for(replay.request, self._plugins, each) for each in found]
        at_once = _at_once(replay.rate)
        taken = sum(events <= at_once for events in accumulate(map(bool, handlers)))
        found, handlers = found[:taken], handlers[:taken]
        todo = [
            Pending(event.record, handler)
            for event, wanted in zip(found, handlers, strict=True)
            for handler in wanted
            if handler.id not in event.recorded
        ]
        pending = [each for each in todo if each.handler.id in replay.request.handlers]
        unrun = [
            _unrun(each, self._name) for each in todo if each.handler.id in replay.request.never
        ]
        lines = ReplayLines(self._name, self._line_length)
        if replay.alone:
            # A process died at one of the next events: one run a chunk, so that it is known which.
            pending = pending[:1]
            if replay.error and pending:
                killer = pending.pop()
                event_id, dead = _unrun(killer, self._name, state=RunState.DEAD, error=replay.error)
                unrun.append((event_id, lines.placed(killer.handler, killer.record, dead)))
        return _Chunk(found, handlers, pending, unrun, lines)

    def _record(
        self, replay: StoredReplay, chunk: _Chunk, results: Sequence[tuple[str, RunResult]]
    ) -> bool:
        ended = {(event_id, result.handler) for event_id, result in results}
        place, events, passed = replay.place, 0, 0
        for found, handlers in zip(chunk.found, chunk.handlers, strict=True):
            record = found.record
            # The place never passes an event with a run that is still to be made, though runs of
            # later events may have ended: those are recorded, and not made again.
            if any(
                each.id not in found.recorded and (record.id, each.id) not in ended
                for each in handlers
            ):
                break
            place, events, passed = (
                Place(record.received_at, record.id),
                events + bool(handlers),
                passed + 1,
            )
        progress = Progress(
            results=results,
            place=place,
            events=events,
            passed=passed,
            next_at=_next_at(replay, events, now_ms()),
            finished=not chunk.found,
        )
        recorded = self._outage.until_it_works(lambda: self._advance(progress), self._stop)
        if recorded:
            mode = run_mode(self._name, dry_run=replay.dry_run)
            counted = [result for _, result in results if result.state is not RunState.WAITING]
            count_runs(self._client, [(each.handler, each.state, mode) for each in counted])
        return recorded

    def _advance(self, progress: Progress) -> bool:
        """Write it; where the journal refuses that, without the texts of errors."""
        try:
            return self._replays.advance(self._name, self._member, progress, now_ms())
        except JournalRefusedError as error:
            log.error("the journal refuses results", replay=self._name, reason=str(error))
            text = f"the journal refused its error: {error}"
            bare = [
                (event_id, replace(result, error=result.error and text, traceback=None, effects=()))
                for event_id, result in progress.results
            ]
            return self._replays.advance(
                self._name, self._member, replace(progress, results=bare), now_ms()
            )

    def _keep_claim(self) -> None:
        self._outage.try_once(self._own.keep)

    def _renew(self, until: int) -> None:
        if not self._replays.renew(self._name, self._member, until):
            self._stop.set()  # somebody else does this chunk: begin nothing more of it


def _unrun(
    pending: Pending, name: str, *, state: RunState = RunState.SKIPPED, error: str | None = None
) -> tuple[str, RunResult]:
    attempts = 0 if state is RunState.SKIPPED else 1
    return pending.record.id, unmade_run(
        pending.handler, state, attempts=attempts, finished_at=now_ms(), error=error, replay=name
    )


def _at_once(rate: float | None) -> int:
    """How many events may be begun together, so that those of a second are spread over it."""
    return CHUNK if rate is None else max(1, min(CHUNK, int(rate * _BURST_SECONDS)))


def _next_at(replay: StoredReplay, events: int, now: int) -> int:
    """When the next chunk is due, so that the replay keeps its rate."""
    if replay.rate is None:
        return now
    return max(replay.next_at, now - _LATE_MS) + round(events / replay.rate * 1000)


def replay_chunk(name: str) -> None:
    """The RQ job. SIGTERM ends it early, once what is in progress has ended."""
    with equipped("replay") as equipment:
        job = Replaying(name, equipment)
        job.run()
        if not equipment.stop.is_set() and job.is_due():
            queue = open_queue(RUNS_QUEUE, equipment.client)
            enqueue_replays(queue, equipment.settings, [name])
