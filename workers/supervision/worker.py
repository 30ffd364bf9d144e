"""RQ's fork worker, for drainers (`drain`) or for further attempts (`runs`). How its process begins
and outlives an outage of Redis: `workers.supervision.worker_process`.

RQ gives the process: it forks a work-horse for every job, watches it, limits and recycles it. Added
here is the rest. An idle worker makes itself a drainer. It kills a work-horse that stands still
(`workers.supervision.horse_watch`). It passes a SIGTERM on to its work-horse, which then finishes
what is in progress, and does the same when the worker dies. How a work-horse was killed is
recorded, and its leases are dropped at once.

A worker has one queue. With several, RQ can lose a job that it has taken from one of them; and a
drainer, which takes minutes, would keep runs waiting.

RQ does its maintenance at the start and between jobs. It tidies up RQ's own lists of jobs and
workers that nobody ended, and nothing here depends on when it does.
"""

import contextlib
import importlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job

from comethooks.workers.jobs.queues import (
    ATTEMPTS_JOB,
    DRAIN_JOB,
    DRAIN_QUEUE,
    RUNS_QUEUE,
    SERIALIZER,
    enqueue_drainer,
    open_queue,
)
from comethooks.workers.plugins.trials import Trials
from comethooks.workers.processes import end_with_parent
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.endings import record_death
from comethooks.workers.supervision.horse_watch import HorseWatch
from comethooks.workers.supervision.redis_outage import RedisOutage
from comethooks.workers.vital_signs import OF_THIS_PROCESS

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 60.0
"""How often, in seconds, a worker without work tells RQ that it lives."""
MONITORING_SECONDS = 5
CONNECTION_TIMEOUT_SECONDS = 2
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""After a job that lived so long, however it ended, the next one follows without a pause."""
PAUSE_AFTER_OUTAGE_SECONDS = 1.0
_FAILED = 1 << 8
"""The wait status of a process that ended with exit status 1."""

log = structlog.get_logger()


class HorseWorker(Worker):
    """Works on the jobs of one queue, each in a work-horse.

    `work` returns when somebody asked it to stop, and when it cannot go on. When Redis is why,
    `outage` has noticed.
    """

    queue_name: str
    module: str
    """What the jobs need. It is loaded before the first fork, so that work-horses share it; a
    worker that gets no job does without.
    """
    max_connection_wait_time = PAUSE_AFTER_OUTAGE_SECONDS

    def __init__(self, settings: Settings, connection: Redis, outage: RedisOutage) -> None:
        self.stopping = False
        """Somebody asked to stop."""
        self._settings = settings
        self._outage = outage
        self._pause = 0.0
        self._horse = 0
        self._wait_status = 0
        self._watch = HorseWatch(settings.threads)
        self._unrecorded: int | None = None
        """The wait status of a work-horse that has died, until that is recorded."""
        super().__init__(
            [open_queue(self.queue_name, connection)],
            connection=connection,
            serializer=SERIALIZER,
            job_monitoring_interval=MONITORING_SECONDS,
            log_job_description=False,
        )

    @property
    def connection_timeout(self) -> int:
        """Seconds. This worker never blocks in Redis, so a silent Redis need not be waited for as
        long as RQ would.
        """
        return CONNECTION_TIMEOUT_SECONDS

    def subscribe(self) -> None:
        """Listen to no commands: that takes a thread and a connection, and one more place that
        complains in every outage.
        """

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job to its end. Jobs that fail soon, one after the other, make the pause before
        the next longer.
        """
        self._outage.end()
        self._wait_status = 0
        started = time.monotonic()
        super().execute_job(job, queue)
        self.record_missed_death()
        if not self._wait_status or time.monotonic() - started > STEADY_SECONDS:
            self._pause = 0.0
        elif os.WIFSIGNALED(self._wait_status):
            self._pause = FIRST_PAUSE_SECONDS
        else:
            self._pause = min(max(FIRST_PAUSE_SECONDS, 2 * self._pause), LONGEST_PAUSE_SECONDS)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork with SIGTERM blocked. The work-horse unblocks it when it has its handler."""
        importlib.import_module(self.module)
        self._watch.begin()
        with _sigterm_blocked():
            super().fork_work_horse(job, queue)
        self._horse = self.horse_pid
        # A request to stop that came during the fork found nobody to be passed on to.
        if self._stop_requested:
            self.handle_warm_shutdown_request()

    def setup_work_horse_signals(self) -> None:
        """Ignore Ctrl-C, and end with the worker. SIGTERM waits for the handler of the drainer."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert self.pid
        end_with_parent(self.pid)
        OF_THIS_PROCESS.set(self._watch.signs)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Do the job, in the work-horse, and note that it came back: a handler may end the process
        with status 0.
        """
        done = super().perform_job(job, queue, execution)
        self._watch.signs.finish()
        return done

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Tell RQ that the drainer lives; when Redis is away, the drainer knows what to do."""
        with contextlib.suppress(RedisError, OSError):
            super().maintain_heartbeats(job, execution)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop once the drainer has."""
        self.stopping = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def reload(self) -> None:
        """Let the work-horse end as if asked to stop: the next one loads the plugins again."""
        self.handle_warm_shutdown_request()

    def handle_warm_shutdown_request(self) -> None:
        """Pass the request to stop on to the drainer."""
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def set_shutdown_requested_date(self) -> None:
        """Tell RQ nothing: this is called in a signal handler, and Redis may not answer."""

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """A second signal changes nothing: the drainer is finishing what is in progress."""

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait for its end, kill it when it stands still, and remember how it ended: RQ forgets
        that of one that it killed for its time limit.
        """
        pid, wait_status, usage = self._watch.wait(self.horse_pid)
        self._wait_status = wait_status or 0
        self._unrecorded = wait_status or None
        if wait_status == 0 and not self._watch.signs.has_finished:
            # To RQ, and for the pause that follows, it has failed.
            self._wait_status, self._unrecorded = _FAILED, wait_status
        return pid, self._wait_status if pid else wait_status, usage

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Record the death of a work-horse that was killed: its partitions move on at once."""
        self._record_death()

    def record_missed_death(self) -> None:
        """Record a death that RQ did not tell of, as when Redis was away."""
        if self._unrecorded is not None:
            self._record_death()

    def _record_death(self) -> None:
        how = self._watch.how_ended(self._unrecorded)
        self._judge_import(how)
        dropped = record_death(self.connection, self._horse, how, self._watch.in_progress())
        log.warning("work-horse ended", pid=self._horse, ending=how, leases_dropped=dropped)
        self._unrecorded = None

    def _judge_import(self, how: str | None) -> None:
        """Have left out what it was importing when it died."""
        if verdict := Trials.of(self._settings).judge(self._horse, how):
            why = verdict.reason or "its process was killed meanwhile"
            log.error("work-horse died importing a plugin", where=verdict.where, reason=why)

    def register_death(self) -> None:
        """Tell RQ that the worker ends. An outage must not hold it up."""
        if not self._outage.noticed:
            with contextlib.suppress(RedisError, OSError):
                super().register_death()  # type: ignore[no-untyped-call]


class DrainWorker(HorseWorker):
    """Works on the queue `drain`. Whenever it has nothing to do, it puts a job there itself."""

    queue_name = DRAIN_QUEUE
    module = DRAIN_JOB.rpartition(".")[0]

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue]:
        """The job of a drainer: one that is queued, else a new one. So it never blocks."""
        time.sleep(self._pause)
        while True:
            if self.queues[0].is_empty():
                enqueue_drainer(self.queues[0], self._settings)
            # Another worker may have been quicker to take it.
            found: tuple[Job, Queue] | None = super().dequeue_job_and_maintain_ttl(
                None, max_idle_time
            )
            if found is not None:
                return found


class RunsWorker(HorseWorker):
    """Works on the queue `runs`, where the scheduler puts a job when runs are due."""

    queue_name = RUNS_QUEUE
    module = ATTEMPTS_JOB.rpartition(".")[0]

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue]:
        """The next job. It looks twice a second, since a call that waits would notice no outage."""
        time.sleep(self._pause)
        while True:
            found: tuple[Job, Queue] | None = super().dequeue_job_and_maintain_ttl(
                None, max_idle_time
            )
            if found is not None:
                return found
            until = time.monotonic() + HEARTBEAT_SECONDS
            while self._nothing_queued() and time.monotonic() < until:
                time.sleep(POLL_SECONDS)

    def _nothing_queued(self) -> bool:
        pipeline = self.connection.pipeline(transaction=False)
        # It writes nothing, but a replica refuses it: to read alone would be to stay with a server
        # that is no primary any more.
        pipeline.set(keys.PROBE, 1, xx=True)
        pipeline.llen(self.queues[0].key)
        _, length = pipeline.execute(raise_on_error=False)
        return not length


@contextmanager
def _sigterm_blocked() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
