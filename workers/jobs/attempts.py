"""Further attempts: runs that wait in SQL for their time, worked off by an RQ job of the queue
`runs`.

The row of a run is the truth. What happens to it, and what a crash after each step leaves:

1. The job claims due runs, up to a hundred at a time: their rows say who runs them, and until when.
   Crash: the scheduler frees them; they are due at once, each to be run alone, since it may be
   poison. Those that had not begun too: nobody knows which they were. How often that may happen to
   a run: see `workers.poison`.
2. Handlers run, in threads, each within its time limit. Crash: the same.
3. What has ended is written, where the claim is still there. Crash before: the run is repeated.
   After: it is not.
4. What was claimed and is not going to run, since the job is to stop, is given back. Crash before:
   as after 1.

What may be poison comes first, each run with nothing beside it: `workers.journal.claiming` counts
the deaths.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.crew import Crew
from comethooks.workers.handlers.run import event_of
from comethooks.workers.handlers.runners import Runner
from comethooks.workers.jobs.claim import Claim
from comethooks.workers.jobs.equipment import Equipment, equipped
from comethooks.workers.jobs.queues import BATCH, LIFE_SECONDS
from comethooks.workers.journal import (
    ClaimedRun,
    JournalOutage,
    JournalRefusedError,
    JournalUnavailableError,
    RunResult,
)
from comethooks.workers.processes import member_name
from comethooks.workers.states import RunState
from comethooks.workers.streams.counters import count_runs

_TICK_SECONDS = 0.1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Finished:
    """A claimed run that has ended. Without a result it has not begun, and is not going to."""

    run: ClaimedRun
    result: RunResult | None


class Attempts:
    """One job's work, until nothing is due, its time is over or somebody asks it to stop."""

    def __init__(self, equipment: Equipment) -> None:
        self._handlers = {handler.id: handler for handler in equipment.plugins.handlers}
        self._journal = equipment.journal
        self._client = equipment.client
        self._stop = equipment.stop
        self._end = time.monotonic() + LIFE_SECONDS
        self._member = member_name(os.getpid())
        threads = equipment.settings.threads
        self._crew: Crew[_Finished] = Crew(threads, equipment.services(), equipment.client)
        self._in_progress = 0
        self._unwritten: list[_Finished] = []
        self._claim = Claim(partial(self._journal.renew_claims, self._member))
        self._outage = JournalOutage()

    def run(self) -> None:
        """Work. Raises the journal's errors when it cannot begin, and whatever ends a thread."""
        self._crew.start()
        # What may be poison takes no more than half of the time: others are due, too.
        half = self._end - LIFE_SECONDS / 2
        while not self._stopping() and time.monotonic() < half and self._begin(1, alone=True):
            self._go_on(until=0)
        try:
            # What ends may make another run due: the next one of its line.
            while not self._stopping() and (
                self._begin(BATCH - self._in_progress) or self._in_progress
            ):
                # Half a batch goes on while more is claimed, so that no thread waits for SQL.
                self._go_on(until=min(BATCH // 2, self._in_progress - 1))
        except JournalUnavailableError as error:
            log.error("the journal cannot be used; claiming nothing more", reason=str(error))
        self._go_on(until=0)
        self._crew.stop()

    def _stopping(self) -> bool:
        return self._stop.is_set() or self._crew.stuck or time.monotonic() > self._end

    def _begin(self, limit: int, *, alone: bool = False) -> bool:
        """Claim what is due and start it. Whether anything was."""
        now, until = self._claim.begin(more=self._in_progress > 0)
        claimed = self._journal.claim(self._member, now=now, until=until, limit=limit, alone=alone)
        for run in claimed:
            self._in_progress += 1
            self._crew.submit(partial(self._attempt, run))
        return bool(claimed)

    def _attempt(self, run: ClaimedRun, runner: Runner) -> None:
        """In a runner's thread: one attempt."""
        # Asked when its turn comes, which may be a minute after it was claimed.
        handler = self._handlers.get(run.handler)
        if self._stopping() or self._claim.expired:
            self._crew.tell(_Finished(run, None))
        elif handler is None:
            self._crew.tell(_Finished(run, _without_handler(run)))
        else:
            ended = partial(self._ended, run)
            event = event_of(run.record, run.replay)
            runner.execute(handler, event, ended, attempt=run.attempt, dry_run=run.dry_run)

    def _ended(self, run: ClaimedRun, result: RunResult, *, given_up: bool = False) -> None:
        self._crew.tell(_Finished(run, replace(result, replay=run.replay, lane=run.lane)))

    def _go_on(self, *, until: int) -> None:
        """Hold runs to their limits and write how they ended, until at most `until` are in
        progress.
        """
        while self._in_progress > until or self._unwritten:
            finished = self._crew.told(_TICK_SECONDS)
            self._in_progress -= len(finished)
            self._unwritten += finished
            if self._stop.is_set() and not self._in_progress:
                self._record()  # nobody waits for a journal that is away
            else:
                self._outage.try_once(self._record)

    def _record(self) -> None:
        results = [(ended.run.record.id, ended.result) for ended in self._unwritten if ended.result]
        if results:
            self._finish(results)
            count_runs(
                self._client,
                [
                    (ended.run.handler, ended.result.state, ended.run.mode)
                    for ended in self._unwritten
                    if ended.result
                ],
            )
        # Results leave the list before anything else can fail: they must not be counted twice.
        unrun = [ended.run.key for ended in self._unwritten if not ended.result]
        self._unwritten = [ended for ended in self._unwritten if not ended.result]
        if unrun:
            self._journal.give_back(self._member, unrun, now=now_ms())
        self._unwritten = []
        if self._in_progress:
            self._claim.keep()

    def _finish(self, results: Sequence[tuple[str, RunResult]]) -> None:
        """Write results. One that the journal refuses is written without its texts."""
        try:
            self._journal.finish(self._member, results)
        except JournalRefusedError as error:
            if len(results) > 1:
                self._finish(results[: len(results) // 2])
                self._finish(results[len(results) // 2 :])
                return
            ((event_id, result),) = results
            log.error(
                "the journal refuses a result",
                id=event_id,
                handler=result.handler,
                reason=str(error),
            )
            bare = replace(result, error=f"the journal refused its error: {error}", traceback=None)
            self._journal.finish(self._member, [(event_id, bare)])


def _without_handler(run: ClaimedRun) -> RunResult:
    now = now_ms()
    return RunResult(
        handler=run.handler,
        state=RunState.DEAD,
        attempts=run.attempt,
        started_at=now,
        finished_at=now,
        error="no plugin that is loaded here has this handler; see: comethooks plugins list",
        replay=run.replay,
    )


def attempt_due() -> None:
    """The RQ job. SIGTERM ends it early, once what is in progress has ended."""
    with equipped("further attempts") as equipment:
        Attempts(equipment).run()
