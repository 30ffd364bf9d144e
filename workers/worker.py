"""One worker process: RQ's fork worker, taught to make its own drainers.

What RQ gives is the process: it forks a work-horse for every job, watches it, limits and recycles it. What is
added here: an idle worker makes itself a drainer; a SIGTERM is passed on to the drainer, which then finishes what
is in progress; and the leases of a work-horse that was killed are dropped at once.
"""

import math
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
from rq.job import Job
from rq.serializers import JSONSerializer

from workers import logs
from workers.connections import connect
from workers.drainer import LONGEST_LIFE_SECONDS, WORKER_PID, drain
from workers.leases import Leases
from workers.processes import member_name
from workers.settings import Settings

DRAIN_QUEUE = "drain"
MAINTENANCE_SECONDS = 30
MONITORING_SECONDS = 5
FAILURE_TTL_SECONDS = 3600
CONNECTION_TIMEOUT_SECONDS = 5
_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_REDIS_RETRY_SECONDS = 0.1

log = structlog.get_logger()


class DrainWorker(Worker):
    """Works on the queue `drain`, where it puts one job whenever it has nothing to do."""

    def __init__(self, settings: Settings, connection: Redis) -> None:
        self._settings = settings
        self._failed = False
        queue = Queue(DRAIN_QUEUE, connection=connection, serializer=JSONSerializer)
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            maintenance_interval=MAINTENANCE_SECONDS,
            job_monitoring_interval=MONITORING_SECONDS,
            log_job_description=False,
        )

    @property
    def connection_timeout(self) -> int:
        """Seconds. It never blocks in Redis, so it need not wait for minutes when Redis does not answer."""
        return CONNECTION_TIMEOUT_SECONDS

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue]:
        """A drainer to run: one that is queued, else a new one. Never blocks, since there is always one."""
        if self._failed:
            time.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
            self._failed = False
        while True:
            if self.queues[0].is_empty():
                self._enqueue_drainer()
            # Another worker may have been quicker to take it.
            found: tuple[Job, Queue] | None = super().dequeue_job_and_maintain_ttl(None, max_idle_time)
            if found is not None:
                return found

    def _enqueue_drainer(self) -> None:
        self.queues[0].enqueue_call(
            drain,
            timeout=math.ceil(LONGEST_LIFE_SECONDS + 2 * self._settings.handler_timeout + 60),
            result_ttl=0,
            failure_ttl=FAILURE_TTL_SECONDS,
        )

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one drainer to its end; remember when it failed, so that failures do not spin."""
        started = time.monotonic()
        super().execute_job(job, queue)
        self._failed = time.monotonic() - started < _PAUSE_AFTER_FAILURE_SECONDS

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork with SIGTERM blocked: the work-horse unblocks it once it knows what to do with it."""
        os.environ[WORKER_PID] = str(os.getpid())
        with _sigterm_blocked():
            super().fork_work_horse(job, queue)
        if self._stop_requested:  # while there was nobody yet to pass it on to
            self.handle_warm_shutdown_request()

    def setup_work_horse_signals(self) -> None:
        """Ignore Ctrl-C. SIGTERM stays blocked until the drainer has installed its own handler."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def handle_warm_shutdown_request(self) -> None:
        """Pass the request to stop on to the drainer."""
        if self.horse_pid:
            os.kill(self.horse_pid, signal.SIGTERM)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """A second signal changes nothing: the drainer is finishing what is in progress."""

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Drop the leases of a work-horse that was killed, so that its partitions move on at once."""
        dropped = Leases(self.connection, member_name(retpid), self._settings.partitions).drop(
            member_name(retpid)
        )
        log.warning("work-horse ended", pid=retpid, wait_status=ret_val, leases_dropped=dropped)


@contextmanager
def _sigterm_blocked() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def wait_for_redis(client: Redis) -> None:
    """Return once the server answers; say once that it does not."""
    said = False
    while True:
        try:
            client.ping()
        except (RedisError, OSError) as error:
            if not said:
                log.warning("waiting for Redis", **logs.failure(error))
                said = True
            time.sleep(_REDIS_RETRY_SECONDS)
        else:
            return


def main() -> int:
    """Be one worker process until SIGTERM. Returns the exit code."""
    settings = Settings.load()
    logs.configure(settings.log_format)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    connection = connect(settings.redis_url)
    wait_for_redis(connection)
    # RQ would otherwise raise its loggers, which tell of every job, to INFO again.
    DrainWorker(settings, connection).work(logging_level=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
