"""One worker process: RQ's fork worker, for drainers (`drain`) or for further attempts (`runs`).

RQ gives the process: it forks a work-horse for every job, watches it, limits and recycles it. Added
here is the rest. An idle worker makes itself a drainer. It passes a SIGTERM on to its work-horse,
which then finishes what is in progress, and does the same when the worker dies. How a work-horse
was killed is recorded, and its leases are dropped at once. While Redis is away, the worker waits.

A worker has one queue. With several, RQ can lose a job that it has taken from one of them; and a
drainer, which takes minutes, would keep runs waiting.

RQ does its maintenance at the start and between jobs. It tidies up RQ's own lists of jobs and
workers that nobody ended, and nothing here depends on when it does.
"""

import contextlib
import importlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job

from comethooks.workers import logs
from comethooks.workers.jobs.queues import (
    ATTEMPTS_JOB,
    DRAIN_JOB,
    DRAIN_QUEUE,
    RUNS_QUEUE,
    SERIALIZER,
    enqueue_drainer,
    open_queue,
)
from comethooks.workers.processes import RELOAD, end_with_parent, ending
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.endings import record_death
from comethooks.workers.supervision.redis_outage import AWAY, RedisOutage

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 60.0
"""How often, in seconds, a worker without work tells RQ that it lives."""
MONITORING_SECONDS = 5
CONNECTION_TIMEOUT_SECONDS = 2
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""After a job that lived so long, however it ended, the next one follows without a pause."""
_PAUSE_AFTER_OUTAGE_SECONDS = 1.0

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
    max_connection_wait_time = _PAUSE_AFTER_OUTAGE_SECONDS

    def __init__(self, settings: Settings, connection: Redis, outage: RedisOutage) -> None:
        self.stopping = False
        """Somebody asked to stop."""
        self._settings = settings
        self._outage = outage
        self._pause = 0.0
        self._horse = 0
        self._wait_status = 0
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
        """Wait for its end, and remember how it ended: RQ forgets that of one that it killed for
        its time limit.
        """
        pid, wait_status, usage = super().wait_for_horse()
        self._wait_status = wait_status or 0
        self._unrecorded = wait_status or None
        return pid, wait_status, usage

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Record the death of a work-horse that was killed: its partitions move on at once."""
        self._record_death()

    def record_missed_death(self) -> None:
        """Record a death that RQ did not tell of, as when Redis was away."""
        if self._unrecorded is not None:
            self._record_death()

    def _record_death(self) -> None:
        dropped = record_death(self.connection, self._horse, self._unrecorded)
        log.warning(
            "work-horse ended",
            pid=self._horse,
            ending=ending(self._unrecorded),
            leases_dropped=dropped,
        )
        self._unrecorded = None

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
            while self.queues[0].is_empty() and time.monotonic() < until:
                time.sleep(POLL_SECONDS)


@contextmanager
def _sigterm_blocked() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def work(settings: Settings, kind: type[HorseWorker]) -> int:
    """Run jobs until asked to stop, through every outage of Redis. Returns the exit code."""
    connection = connect(settings.redis_url, timeout=CONNECTION_TIMEOUT_SECONDS)
    outage = RedisOutage(settings.redis_url)
    for name in ("rq.worker", "rq.registry"):
        logging.getLogger(name).addFilter(outage)
    worker: HorseWorker | None = None
    signal.signal(RELOAD, lambda *_: worker.reload() if worker is not None else None)
    while True:
        for signum in (signal.SIGTERM, signal.SIGINT):  # RQ has its own while it works
            signal.signal(signum, lambda *_: sys.exit(0))
        if worker is not None and worker.stopping:
            return 0
        if outage.noticed:
            time.sleep(_PAUSE_AFTER_OUTAGE_SECONDS)
        elif worker is not None:
            return 1  # RQ has said why, and the supervisor brings another one
        if not outage.wait(connection, though_full=kind is DrainWorker):
            from comethooks.workers.jobs.draining import drain

            log.error(
                "Redis has no memory left: draining without RQ, which could not even queue a job"
            )
            drain()
            return 0
        try:
            if worker is not None:
                worker.record_missed_death()
            worker = kind(settings, connection, outage)
            # RQ would otherwise raise its loggers, which tell of every job, to INFO again.
            worker.work(logging_level=None)
        except AWAY as error:
            outage.begin(error)


def main(kind: type[HorseWorker]) -> int:
    """Be one worker process of a kind until SIGTERM. Returns the exit code."""
    settings = Settings.load()
    logs.configure(settings.log_format)
    with contextlib.suppress(StopRequested):  # between two rounds of work
        return work(settings, kind)
    return 0
