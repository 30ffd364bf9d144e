"""A worker process from its start to its end: it works on RQ's jobs, waits out every outage of
Redis, and says why it cannot go on.
"""

import contextlib
import logging
import signal
import sys
import time

import structlog
from redis.exceptions import NoPermissionError
from rq.exceptions import StopRequested

from comethooks.workers import logs
from comethooks.workers.processes import EXIT_FAILED, RELOAD, name_host
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.supervision.redis_outage import AWAY, RedisOutage
from comethooks.workers.supervision.worker import (
    CONNECTION_TIMEOUT_SECONDS,
    PAUSE_AFTER_OUTAGE_SECONDS,
    DrainWorker,
    HorseWorker,
)

log = structlog.get_logger()


def _work(settings: Settings, kind: type[HorseWorker]) -> int:
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
            time.sleep(PAUSE_AFTER_OUTAGE_SECONDS)
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
    keys.begin_with(settings.key_prefix)
    name_host(settings.host)
    logs.configure(settings.log_format)
    try:
        with contextlib.suppress(StopRequested):  # between two rounds of work
            return _work(settings, kind)
    except NoPermissionError as error:
        log.error("a worker needs more rights", reason=f"Redis {what_failed(error)}")
        return EXIT_FAILED
    return 0
