"""One worker process: RQ's fork worker, for drainers (`drain`) or for further attempts (`runs`).

What RQ gives is the process: it forks a work-horse for every job, watches it, limits and recycles
it. What is added here: an idle worker makes itself a drainer; a SIGTERM is passed on to the
work-horse, which then finishes what is in progress, and so it does when the worker dies; how a
work-horse was killed is recorded, and its leases are dropped at once; while Redis is away it waits.
One queue a worker: RQ can lose a job that a worker on several queues has taken, and a drainer,
which takes minutes, would starve the runs.

RQ's maintenance runs at the start and between jobs. It tidies up RQ's own lists of jobs and workers
that nobody ended; nothing here depends on when.
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
from rq.serializers import JSONSerializer

from comethooks.workers import logs
from comethooks.workers.jobs.queues import (
    ATTEMPTS_JOB,
    DRAIN_JOB,
    DRAIN_QUEUE,
    RUNS_QUEUE,
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
"""How often a worker that has nothing to do tells RQ that it lives."""
MONITORING_SECONDS = 5
CONNECTION_TIMEOUT_SECONDS = 2
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A job that lived so long is followed by the next one without a pause, however it ended."""
_PAUSE_AFTER_OUTAGE_SECONDS = 1.0

log = structlog.get_logger()


class HorseWorker(Worker):
    """Works on the jobs of one queue, each in a work-horse.

    `work` returns when it was asked to stop, and when it cannot go on: `outage` has noticed if
    Redis is why.
    """

    queue_name: str
    module: str
    """What the jobs need, loaded before the first fork: work-horses share it, and who gets no job
    does without."""
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
            serializer=JSONSerializer,
            job_monitoring_interval=MONITORING_SECONDS,
            log_job_description=False,
        )

    @property
    def connection_timeout(self) -> int:
        """Seconds. It never blocks in Redis, so it need not wait for minutes when Redis does not
        answer.
        """
        return CONNECTION_TIMEOUT_SECONDS

    def subscribe(self) -> None:
        """Listen to no commands: that would be one thread and one connection more, and a voice in
        every outage.
        """

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job to its end; pause the longer before the next, the more of them failed
        soon.
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
        """Fork with SIGTERM blocked: the work-horse unblocks it once it knows what to do with
        it.
        """
        importlib.import_module(self.module)
        with _sigterm_blocked():
            super().fork_work_horse(job, queue)
        self._horse = self.horse_pid
        if self._stop_requested:  # while there was nobody yet to pass it on to
            self.handle_warm_shutdown_request()

    def setup_work_horse_signals(self) -> None:
        """Ignore Ctrl-C, and end with the worker. SIGTERM stays blocked until the drainer has its
        own handler.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert self.pid
        end_with_parent(self.pid)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Tell RQ that the drainer lives. When Redis does not take that, the drainer itself knows
        what to do.
        """
        with contextlib.suppress(RedisError, OSError):
            super().maintain_heartbeats(job, execution)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop once the drainer has."""
        self.stopping = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def reload(self) -> None:
        """Let the work-horse end as if asked to stop: the next one loads the plugins anew."""
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
        """Wait for its end, and remember how it was killed: RQ forgets that when it is a time
        limit's fault.
        """
        pid, wait_status, usage = super().wait_for_horse()
        self._wait_status = wait_status or 0
        self._unrecorded = wait_status or None
        return pid, wait_status, usage

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Drop the leases of a work-horse that was killed, so that its partitions move on at
        once.
        """
        self._record_death()

    def record_missed_death(self) -> None:
        """Do the same for one of which RQ did not tell, as when Redis was away."""
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
        """Tell RQ that the worker ends; an outage shall not hold it up."""
        if not self._outage.noticed:
            with contextlib.suppress(RedisError, OSError):
                super().register_death()  # type: ignore[no-untyped-call]


class DrainWorker(HorseWorker):
    """Works on the queue `drain`, where it puts one job whenever it has nothing to do."""

    queue_name = DRAIN_QUEUE
    module = DRAIN_JOB.rpartition(".")[0]

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue]:
        """A drainer to run: one that is queued, else a new one. Never blocks, since there is always
        one.
        """
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
        """The next job. Looks for one twice a second: a call that waits in Redis would notice no
        outage.
        """
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
            return 1  # RQ has said why
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
