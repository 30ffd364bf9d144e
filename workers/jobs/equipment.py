"""How an RQ job begins and ends, whichever it is: with SIGTERM heard, and with what it works with.

What happens in a work-horse before a job has something to do, and what a failure means to its
process, stands here and nowhere else.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from redis import Redis

from comethooks.workers.handlers.context import Services
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import Journal, JournalOutage
from comethooks.workers.logs import failure
from comethooks.workers.plugins.at_work import plugins_at_work
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.processes import EXIT_FAILED, StopFlag
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.keeper import exit_at_once
from comethooks.workers.streams.leases import LeaseLostError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a job works with. `stop` is set by SIGTERM: what is in progress then ends, and no more.

    Connections are made when they are first used, never before a fork.
    """

    settings: Settings
    plugins: Plugins
    journal: Journal
    client: Redis
    stop: StopFlag

    def services(self) -> Services:
        """New services for the contexts of this process's handlers."""
        return open_services(self.settings, self.journal, self.plugins)


@contextmanager
def equipped(job: str) -> Iterator[Equipment]:
    """What a job works with, once the journal can be used. `job` is its name in the log.

    A job that fails ends its process at once, with an exit status that tells the worker that no
    handler did. Otherwise RQ would log the texts of exceptions, which may quote a body, while
    threads of the job go on.
    """
    stop = StopFlag.on_signals(signal.SIGTERM)
    # The worker forked with SIGTERM blocked: before this line it would have ended the process.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        settings = Settings.load()
        journal = Journal.open(settings.database_url)
        client = connect(settings.redis_url)
        with plugins_at_work(settings, client) as plugins:
            JournalOutage().until_it_works(journal.require_current, stop)
            yield Equipment(settings, plugins, journal, client, stop)
        journal.close()
    except LeaseLostError as error:
        exit_at_once(str(error))
    except Exception as error:
        log.error(f"{job} failed", **failure(error))
        os._exit(EXIT_FAILED)
