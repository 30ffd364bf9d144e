"""Further attempts: runs that wait in SQL for their time, worked off by an RQ job of the queue
`runs`.

The row of a run is the truth. What happens to it, and what a crash after each step leaves:

1. The job claims due runs, up to a hundred at a time: their rows say who runs them, and until when.
   Crash: the scheduler frees them; they are due at once, as suspects, each to be run alone. Those
   that had not begun too: nobody knows which they were. How often that may happen to a run: see
   `workers.poison`.
2. Handlers run, in threads, each within its time limit. Crash: the same.
3. What has ended is written, where the claim is still there. Crash before: the run is repeated.
   After: it is not.
4. What was claimed and is not going to run, since the job is to stop, is given back. Crash before:
   as after 1.

Suspects come first, one at a time with nothing beside it: `workers.journal.runs.claims` counts the
deaths.
"""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue

import structlog
from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.run import event_of
from comethooks.workers.handlers.runners import Runner, Runners
from comethooks.workers.jobs.queue import BATCH, CLAIM_SECONDS, LIFE_SECONDS
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import (
    ClaimedRun,
    Journal,
    JournalRefusedError,
    JournalUnavailableError,
    RunResult,
)
from comethooks.workers.journal.tables.migrate import require_current
from comethooks.workers.logs import failure
from comethooks.workers.plugins.at_work import plugins_at_work
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.processes import EXIT_FAILED, StopFlag, member_name
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.counters import TIMEOUTS, count, count_runs

_RENEWAL_SECONDS = 10.0
_TICK_SECONDS = 0.1
_JOURNAL_RETRY_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Ended:
    """A claimed run that has ended, or that has not begun and is not going to."""

    run: ClaimedRun
    result: RunResult | None


class Attempts:
    """One job's work. `run` goes on until nothing is due, its time is over or it is asked to
    stop.
    """

    def __init__(
        self, settings: Settings, plugins: Plugins, journal: Journal, client: Redis, stop: StopFlag
    ) -> None:
        self._handlers = {handler.id: handler for handler in plugins.handlers}
        self._journal = journal
        self._client = client
        self._stop = stop
        self._end = time.monotonic() + LIFE_SECONDS
        self._member = member_name(os.getpid())
        self._ended: SimpleQueue[_Ended | Exception] = SimpleQueue()
        self._runners = Runners(
            settings.threads,
            open_services(settings, journal, plugins),
            on_failure=self._ended.put,
            on_timeout=partial(count, client, TIMEOUTS),
        )
        self._in_progress = 0
        self._unwritten: list[_Ended] = []
        self._expiry = 0.0
        """Until when, by the monotonic clock, every claim is ours."""
        self._next_renewal = 0.0

    def run(self) -> None:
        """Work. Raises the journal's errors when it cannot begin, and whatever ends a thread."""
        self._runners.start()
        # Suspects take no more than half of the time: others are due, too.
        half = self._end - LIFE_SECONDS / 2
        while not self._stopping() and time.monotonic() < half and self._claim(1, alone=True):
            self._go_on(until=0)
        try:
            # What ends may make another run due: the next one of its line.
            while not self._stopping() and (
                self._claim(BATCH - self._in_progress) or self._in_progress
            ):
                self._go_on(until=min(BATCH // 2, self._in_progress - 1))
        except JournalUnavailableError as error:
            log.error("the journal cannot be used; claiming nothing more", reason=str(error))
        self._go_on(until=0)
        self._runners.stop()

    def _stopping(self) -> bool:
        return self._stop.is_set() or self._runners.stuck or time.monotonic() > self._end

    def _claim(self, limit: int, *, alone: bool = False) -> bool:
        """Claim what is due and start it. Whether anything was."""
        now, started = now_ms(), time.monotonic()
        until = now + int(CLAIM_SECONDS * 1000)
        claimed = self._journal.claim(self._member, now=now, until=until, limit=limit, alone=alone)
        if not self._in_progress:
            self._expiry = started + CLAIM_SECONDS
            self._next_renewal = started + _RENEWAL_SECONDS
        for run in claimed:
            self._in_progress += 1
            self._runners.submit(partial(self._attempt, run))
        return bool(claimed)

    def _attempt(self, run: ClaimedRun, runner: Runner) -> None:
        """In a runner's thread: one attempt."""
        handler = self._handlers.get(run.handler)
        if self._stopping() or time.monotonic() > self._expiry:
            self._ended.put(_Ended(run, None))
        elif handler is None:
            self._ended.put(_Ended(run, _without_handler(run)))
        else:
            ended = partial(self._has_ended, run)
            event = event_of(run.record, run.replay)
            runner.execute(handler, event, ended, attempt=run.attempt, dry_run=run.dry_run)

    def _has_ended(self, run: ClaimedRun, result: RunResult, *, given_up: bool = False) -> None:
        self._ended.put(_Ended(run, replace(result, replay=run.replay, lane=run.lane)))

    def _go_on(self, *, until: int) -> None:
        """Hold runs to their limits and write what has ended, until no more than `until` are on
        their way.
        """
        away, again = False, 0.0
        while self._in_progress > until or self._unwritten:
            self._collect()
            self._runners.enforce_limits()
            if time.monotonic() < again:
                continue
            try:
                self._write()
                self._renew()
                away = False
            except JournalUnavailableError as error:
                if self._stop.is_set() and not self._in_progress:
                    raise
                if not away:
                    log.error("the journal cannot be used; trying again", reason=str(error))
                away, again = True, time.monotonic() + _JOURNAL_RETRY_SECONDS

    def _collect(self) -> None:
        """Take what has ended; wait a little for something that does."""
        try:
            ended = self._ended.get(timeout=_TICK_SECONDS)
            while True:
                if isinstance(ended, Exception):
                    raise ended
                self._in_progress -= 1
                self._unwritten.append(ended)
                ended = self._ended.get_nowait()
        except Empty:
            return

    def _write(self) -> None:
        results = [(ended.run.record.id, ended.result) for ended in self._unwritten if ended.result]
        if results:
            self._finish(results)
            count_runs(
                self._client, [(result.handler, result.state.value) for _, result in results]
            )
        unrun = [ended.run.key for ended in self._unwritten if not ended.result]
        self._unwritten = [ended for ended in self._unwritten if not ended.result]
        if unrun:
            self._journal.give_back(self._member, unrun, now=now_ms())
        self._unwritten = []

    def _finish(self, results: Sequence[tuple[str, RunResult]]) -> None:
        """Write results; of one that the journal refuses, what it does not: the state without the
        texts.
        """
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

    def _renew(self) -> None:
        if self._in_progress and (now := time.monotonic()) > self._next_renewal:
            self._journal.renew_claims(self._member, now_ms() + int(CLAIM_SECONDS * 1000))
            self._expiry, self._next_renewal = now + CLAIM_SECONDS, now + _RENEWAL_SECONDS


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
    """The RQ job. SIGTERM ends it early, once what is in progress has ended.

    One that fails ends its process at once: RQ would log the texts of exceptions, which may quote a
    body.
    """
    stop = StopFlag.on_signals(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        settings = Settings.load()
        journal = Journal.open(settings.database_url)
        client = connect(settings.redis_url)
        with plugins_at_work(settings, client) as plugins:
            require_current(journal.engine)
            Attempts(settings, plugins, journal, client, stop).run()
        journal.close()
    except Exception as error:
        log.error("runs failed to be worked off", **failure(error))
        os._exit(EXIT_FAILED)
