"""The RQ job that is a drainer: how one begins, and what its end does to its process."""

import gc
import os
import random
import signal

import structlog

from comethooks.workers.drain.drainer import Drainer
from comethooks.workers.drain.writer import until_it_works
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import Journal
from comethooks.workers.journal.tables.migrate import require_current
from comethooks.workers.logs import failure
from comethooks.workers.plugins.at_work import plugins_at_work
from comethooks.workers.processes import EXIT_FAILED, StopFlag
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.keeper import exit_at_once
from comethooks.workers.streams.layout import fixed_layouts
from comethooks.workers.streams.leases import LeaseLostError

SHORTEST_LIFE_SECONDS = 250.0
LONGEST_LIFE_SECONDS = 350.0
"""Lives differ, so that drainers which began together do not end together."""
GC_THRESHOLD = 10_000

log = structlog.get_logger()


def drain() -> None:
    """The RQ job: one drainer's life, ended early by SIGTERM once what is in progress has ended.

    A drainer that fails ends its process at once: RQ would log the texts of exceptions, which may
    quote a body, and its threads would go on meanwhile.
    """
    stop = StopFlag.on_signals(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        _drain(Settings.load(), stop)
    except LeaseLostError as error:
        exit_at_once(str(error))
    except Exception as error:
        log.error("drainer failed", **failure(error))
        os._exit(EXIT_FAILED)


def _drain(settings: Settings, stop: StopFlag) -> None:
    journal = Journal.open(settings.database_url)
    client = connect(settings.redis_url)
    with plugins_at_work(settings, client) as plugins:
        # What is loaded by now stays; looking through all of it again and again costs a quarter of
        # the throughput.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        until_it_works(lambda: require_current(journal.engine), stop)
        life = random.uniform(SHORTEST_LIFE_SECONDS, LONGEST_LIFE_SECONDS)
        layout = fixed_layouts(client, settings.partitions).draining
        services = open_services(settings, journal)
        Drainer(settings, plugins, journal, services, stop, layout=layout, life=life).run()
    journal.close()
