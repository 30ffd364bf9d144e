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

from comethooks.workers.handlers.outside import Services
from comethooks.workers.jobs.ownership import require_ours
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import Journal, JournalOutage, OtherJournalError
from comethooks.workers.logs import failure
from comethooks.workers.plugins.at_work import plugins_at_work
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.processes import EXIT_FAILED, StopFlag, name_host
from comethooks.workers.settings.hiding import hidden_credentials
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.keeper import exit_at_once
from comethooks.workers.streams.leases import LeaseLostError
from comethooks.workers.streams.servers.shared_clock import follow_clock
from comethooks.workers.vital_signs import OF_THIS_PROCESS, Pulse, VitalSigns

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
    signs: VitalSigns
    """What the worker sees of this process."""

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
        keys.begin_with(settings.key_prefix)
        name_host(settings.host)
        signs = OF_THIS_PROCESS.get() or VitalSigns(settings.threads)
        pulse = Pulse(signs.beat)
        pulse.start()  # before plugins are loaded, which may stand still as well
        journal = Journal.open(
            settings.database_url,
            counts_figures=settings.counts_figures,
            pool=settings.database_pool,
        )
        client = connect(settings.redis_url)
        follow_clock(client)
        with hidden_credentials(settings), plugins_at_work(settings, client) as plugins:
            JournalOutage().until_it_works(journal.require_current, stop)
            # Waited for as well: meanwhile nothing of another deployment's is touched.
            ours = JournalOutage(OtherJournalError)
            ours.until_it_works(lambda: require_ours(client, journal.identity()), stop)
            yield Equipment(settings, plugins, journal, client, stop, signs)
        journal.close()
        pulse.stop()
    except LeaseLostError as error:
        exit_at_once(str(error))
    except Exception as error:
        log.error(f"{job} failed", **failure(error))
        os._exit(EXIT_FAILED)
