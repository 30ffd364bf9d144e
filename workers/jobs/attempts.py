"""Further attempts: runs that wait in SQL for their time, worked off by an RQ job of the queue
`runs`.

The row of a run is the truth. What happens to it, and what a crash after each step leaves:

1. The job claims due runs, up to a hundred at a time: their rows say who runs them, and until when.
   Crash: the scheduler frees them. Those that were in progress are due at once, each to be run
   alone, since it may be poison; the others are due as before. Where nobody saw the end, they all
   may be poison. How often that may happen to a run: see `workers.poison`.
2. Handlers run, in threads, each within its time limit. Crash: the same.
3. What has ended is written, where the claim is still there. Crash before: the run is repeated.
   After: it is not.
4. What was claimed and is not going to run, since the job is to stop, is given back. Crash before:
   as after 1. What has no handler here waits for its plugin, see `workers.journal.runs.parked`.

What may be poison runs beside the others, in a process of its own, see
`workers.handlers.isolation`. When that dies, the claim of the run is freed as in 1; when this
process dies, that one ends with it. `workers.journal.claiming` counts the deaths.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.crew import Crew
from comethooks.workers.handlers.isolated_process import Died, Isolated
from comethooks.workers.handlers.isolation import Isolation
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
from comethooks.workers.plugins.event_filters import Facts
from comethooks.workers.plugins.known import is_removed
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.processes import member_name
from comethooks.workers.record import event_of
from comethooks.workers.states import RunState
from comethooks.workers.streams.counters import count_runs

_TICK_SECONDS = 0.1
_LOOK_SECONDS = 0.5
"""How long others that are due wait at most while only isolated runs are in progress."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Finished:
    """A claimed run that has ended. Without a result it has not begun, and is not going to; or the
    process died that it was isolated in, and this is the `ending`; or it waits for its plugin,
    until `until` (ms).
    """

    run: ClaimedRun
    result: RunResult | None
    ending: str | None = None
    until: int | None = None


class Attempts:
    """One job's work, until nothing is due, its time is over or somebody asks it to stop."""

    def __init__(
        self, equipment: Equipment, isolated: Callable[[], Isolated] | None = None
    ) -> None:
        self._handlers = {handler.id: handler for handler in equipment.plugins.handlers}
        self._journal = equipment.journal
        self._client = equipment.client
        self._stop = equipment.stop
        self._end = time.monotonic() + LIFE_SECONDS
        self._member = member_name(os.getpid())
        threads = equipment.settings.threads
        self._crew: Crew[_Finished] = Crew(
            threads, equipment.services(), equipment.client, equipment.signs
        )
        environ = equipment.settings.environ
        self._isolation = Isolation(isolated or (lambda: Isolated(environ)), self._crew.tell)
        self._plugins = equipment.plugins
        self._missing_ms = round(1000 * equipment.settings.missing_plugin_wait)
        self._in_progress = 0
        """Runs that the crew has."""
        self._isolated = 0
        """Runs that are in a process of their own, or about to be."""
        self._unwritten: list[_Finished] = []
        self._claim = Claim(partial(self._journal.renew_claims, self._member))
        self._outage = JournalOutage()

    def run(self) -> None:
        """Work. Raises the journal's errors when it cannot begin, and whatever ends a thread."""
        self._crew.start()
        self._isolation.start()
        try:
            # What ends may make another run due: the next one of its line.
            while not self._stopping() and (self._begin() or self._in_progress or self._isolated):
                # Half a batch goes on while more is claimed, so that no thread waits for SQL.
                self._go_on(until=min(BATCH // 2, self._in_progress - 1))
        except JournalUnavailableError as error:
            log.error("the journal cannot be used; claiming nothing more", reason=str(error))
        while self._isolated:
            self._go_on(until=-1)
        self._go_on(until=0)
        self._crew.stop()
        self._isolation.stop()

    def _stopping(self) -> bool:
        return self._stop.is_set() or self._crew.stuck or time.monotonic() > self._end

    def _begin(self) -> bool:
        """Claim what is due and start it. Whether anything was."""
        found = False
        for _ in range(len(self._isolation) - self._isolated):
            suspects = self._claimed(1, alone=True)
            if not suspects:
                break
            found = True
            self._isolated += 1
            self._isolation.submit(partial(self._attempt_isolated, suspects[0]))
        for run in self._claimed(BATCH - self._in_progress):
            found = True
            self._in_progress += 1
            self._crew.submit(partial(self._attempt, run))
        return found

    def _claimed(self, limit: int, *, alone: bool = False) -> list[ClaimedRun]:
        now, until = self._claim.begin(more=self._in_progress + self._isolated > 0)
        return self._journal.claim(self._member, now=now, until=until, limit=limit, alone=alone)

    def _attempt_isolated(self, run: ClaimedRun, process: Isolated) -> Callable[[], None]:
        """In the thread of a process: one attempt of what may be poison."""
        handler = self._handlers.get(run.handler)
        if handler is None:
            return partial(self._crew.tell, self._without_handler(run))
        if why := handler.handler.why_left_out(Facts(run.record)):
            dead = _Finished(run, _dead_unrun(run, _unwanted(handler, why)))
            return partial(self._crew.tell, dead)
        if not process.ready(unless=lambda: self._stopping() or self._claim.expired):
            return partial(self._crew.tell, _Finished(run, None))
        outcome = process.run(
            handler,
            run.record,
            attempt=run.attempt,
            replay=run.replay,
            dry_run=run.dry_run,
        )
        if isinstance(outcome, Died):
            return partial(self._crew.tell, _Finished(run, None, outcome.ending))
        if outcome is not None:
            return partial(self._ended, run, outcome)
        return partial(self._crew.tell, _Finished(run, None))

    def _attempt(self, run: ClaimedRun, runner: Runner) -> None:
        """In a runner's thread: one attempt."""
        # Asked when its turn comes, which may be a minute after it was claimed.
        handler = self._handlers.get(run.handler)
        if self._stopping() or self._claim.expired:
            self._crew.tell(_Finished(run, None))
        elif handler is None:
            self._crew.tell(self._without_handler(run))
        elif why := handler.handler.why_left_out(Facts(run.record)):
            self._crew.tell(_Finished(run, _dead_unrun(run, _unwanted(handler, why))))
        else:
            ended = partial(self._ended, run)
            event = event_of(run.record, run.replay)
            runner.execute(handler, event, ended, attempt=run.attempt, dry_run=run.dry_run)

    def _without_handler(self, run: ClaimedRun) -> _Finished:
        """A run whose handler is not loaded here: it waits for its plugin, or is dead."""
        now = now_ms()
        until = (run.left_out_at or now) + self._missing_ms
        if until > now and not is_removed(run.handler, self._plugins, self._client):
            return _Finished(run, None, until=until)
        return _Finished(run, _dead_unrun(run, _WITHOUT_HANDLER))

    def _ended(self, run: ClaimedRun, result: RunResult, *, given_up: bool = False) -> None:
        self._crew.tell(_Finished(run, replace(result, replay=run.replay, lane=run.lane)))

    def _go_on(self, *, until: int) -> None:
        """Hold runs to their limits and write how they ended, until at most `until` of the crew's
        are in progress. While some are isolated, no longer than until it is time to claim again.
        """
        were_isolated, began = self._isolated, time.monotonic()
        while self._unwritten or (
            self._in_progress > until
            and self._isolated == were_isolated
            and not (were_isolated and time.monotonic() > began + _LOOK_SECONDS)
        ):
            finished = self._crew.told(_TICK_SECONDS)
            isolated = sum(each.run.alone for each in finished)
            self._isolated -= isolated
            self._in_progress -= len(finished) - isolated
            self._unwritten += finished
            if self._stop.is_set() and not self._in_progress + self._isolated:
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
        self._unwritten = [ended for ended in self._unwritten if not ended.result]
        unrun = [each.run.key for each in self._unwritten if not (each.ending or each.until)]
        if unrun:
            self._journal.give_back(self._member, unrun, now=now_ms())
        for until in sorted({each.until for each in self._unwritten if each.until}):
            waiting = [each.run.key for each in self._unwritten if each.until == until]
            self._journal.park(self._member, waiting, now=now_ms(), until=until)
        self._unwritten = [ended for ended in self._unwritten if ended.ending]
        while self._unwritten:
            self._record_death(self._unwritten[0])
            del self._unwritten[0]
        if self._in_progress + self._isolated:
            self._claim.keep()

    def _record_death(self, died: _Finished) -> None:
        run, ending = died.run, died.ending or ""
        for freed in self._journal.free_claim(self._member, run.key, ending, now=now_ms()):
            log.warning(
                "the process of an isolated run died",
                id=run.record.id,
                handler=run.handler,
                ending=ending,
                dead=freed.dead,
            )
            if freed.dead:
                count_runs(self._client, [(run.handler, RunState.DEAD, run.mode)])

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


_WITHOUT_HANDLER = "no plugin that is loaded here has this handler; see: comethooks plugins list"


def _unwanted(handler: BoundHandler, why: str) -> str:
    return f"the filters of version {handler.version} leave this event out: {why}"


def _dead_unrun(run: ClaimedRun, error: str) -> RunResult:
    """What becomes of a run that nobody is to make any more."""
    now = now_ms()
    return RunResult(
        handler=run.handler,
        state=RunState.DEAD,
        attempts=run.attempt,
        started_at=now,
        finished_at=now,
        error=error,
        replay=run.replay,
    )


def attempt_due() -> None:
    """The RQ job. SIGTERM ends it early, once what is in progress has ended."""
    with equipped("further attempts") as equipment:
        Attempts(equipment).run()
