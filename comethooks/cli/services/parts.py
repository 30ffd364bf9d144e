"""Commands that run one part: the web process, the workers, the upgrade of the database.

What a command alone needs is imported in it: a supervisor of workers need not wait for Flask.
"""

import importlib
import os
import signal
from collections.abc import Callable
from contextlib import closing
from functools import partial

import click
import structlog

from comethooks.cli import load_settings
from comethooks.cli.services.files_of_ours import watches
from comethooks.workers.processes import RELOAD, StopFlag, loading
from comethooks.workers.settings.credentials import NoCredentialsError
from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.paths import DataDirError, database_path, make_data_dir
from comethooks.workers.settings.server_urls import sqlite_url
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.spool.spool_errors import SpoolPlaceError
from comethooks.workers.supervision.first_process import leave_first_process
from comethooks.workers.supervision.supervisor import Child, ForkedChild, stop_together, supervise
from comethooks.workers.supervision.systemd import tell_ready
from comethooks.workers.supervision.unread_settings import tell_at_a_glance, tell_beside_plugins

STOP_MARGIN_SECONDS = 15.0
"""How much longer than a handler may take a worker may take to stop."""

REDIS_SECONDS = 2.0
"""How long Redis may take to answer at the start."""
SILENCE_SECONDS = 3.0
"""After so long at the start it is told that Redis does not answer, whatever the reason."""

LATER = 10
"""The niceness of what live events need not wait for."""

log = structlog.get_logger()


@click.command()
def web() -> None:
    """Run the web process, which CometChat calls.

    It is gunicorn. A SIGHUP makes it load the plugins again, for what they decide on messages in
    flight; no request fails meanwhile.
    """
    from comethooks.webhooks.gunicorn.server import serve

    settings = load_settings()
    make_files_private()
    if SETTLED not in settings.environ:  # else `up` has told
        left = [each.name for each in tell_at_a_glance(settings)]
        if left:
            log.info("left to plugins", settings=left, hint="comethooks doctor says who reads them")
    check_redis(settings)
    try:
        serve(settings)
    except (NoCredentialsError, SpoolPlaceError) as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that run handlers on what comes in; default COMETHOOKS_WORKERS.",
)
def worker(workers: int | None) -> None:
    """Run the workers, and bring back those that die.

    They are processes that run handlers on what comes in, one that repeats what has failed, and the
    scheduler. Several of this command, on one host or many, share the work of one Redis without
    being told of each other. A SIGUSR1 makes them load all plugins again.
    """
    leave_first_process()
    settings = load_settings()
    make_files_private()
    run_workers(settings, workers or settings.workers)


def run_workers(settings: Settings, count: int) -> None:
    """Run so many workers, and what else the command `worker` runs, until SIGTERM."""
    stop = StopFlag.on_signals(signal.SIGTERM, signal.SIGINT)
    check_redis(settings)
    check_journal(settings)
    load_workers()
    children = _worker_processes(settings, count)

    def reload(*_: object) -> None:
        for child in children:
            child.reload()

    signal.signal(RELOAD, reload)
    follow = _following_files(settings, reload)
    stop.wake_on(signal.SIGCHLD)
    for child in children:
        child.start()
    log.info("workers started", count=len(children), data_dir=str(settings.data_dir))
    tell_ready(settings.environ)
    telling = tell_beside_plugins(settings)

    def on_tick() -> None:
        telling.poll()
        follow()

    supervise(children, stop, on_tick=on_tick)
    telling.terminate()
    stop_together(children)
    log.info("workers stopped")


def _following_files(settings: Settings, reload: Callable[[], object]) -> Callable[[], None]:
    """What calls `reload` when a file has changed that a plugin of ours is made of. To be called
    often.
    """
    watched = watches(settings)

    def follow() -> None:
        for name, watch in watched.items():
            if changed := watch.changed():
                told = f"what {name} is made of has changed; loading it again"
                log.info(told, changed=list(changed))
                reload()

    return follow


def check_redis(settings: Settings) -> None:
    """End the command when Redis is a cluster or the like, or the settings ask for another number
    of partitions than it has, or name a primary that its Sentinels do not know.

    Says so when Redis would keep nothing, and when it does not answer: there is nothing to compare
    yet, and everything waits.
    """
    from comethooks.workers.streams.connections import connect
    from comethooks.workers.streams.durability import LOSES, LOSS_ADVICE, loses_all
    from comethooks.workers.streams.layout import PartitionsError, check_count
    from comethooks.workers.streams.servers.one_server import (
        SeveralServersError,
        require_one_server,
    )
    from comethooks.workers.streams.servers.sentinels import NoSuchPrimaryError
    from comethooks.workers.supervision.redis_outage import telling_when_silent

    if SETTLED in settings.environ:
        return  # `up` has looked, and has told
    try:
        with (
            telling_when_silent(settings.redis_url, SILENCE_SECONDS),
            closing(connect(settings.redis_url, timeout=REDIS_SECONDS)) as client,
        ):
            try:
                require_one_server(client, settings.redis_url)
                check_count(client, settings.partitions)
            except NoSuchPrimaryError as error:
                raise click.ClickException(f"{NAMES['redis_url']}: {error}") from None
            if not settings.allow_loss and loses_all(client):
                log.error("Redis keeps nothing", reason=LOSES, hint=LOSS_ADVICE)
    except (PartitionsError, SeveralServersError) as error:
        raise click.ClickException(str(error)) from None


def check_spool(settings: Settings) -> None:
    """End with a sentence when the web process could not use its spool."""
    try:
        spool = open_spool(settings)
    except SpoolPlaceError as error:
        raise click.ClickException(str(error)) from None
    if spool is not None:
        spool.close()


def check_journal(settings: Settings) -> None:
    """End the command when Redis holds the events of another journal. What does not answer is no
    reason: the workers wait for it, and look then.
    """
    from redis.exceptions import RedisError

    from comethooks.workers.jobs.ownership import require_ours
    from comethooks.workers.journal import Journal, JournalError, OtherJournalError
    from comethooks.workers.streams.connections import connect

    if SETTLED in settings.environ:
        return  # `up` has looked
    try:
        with (
            closing(Journal.open(settings.database_url)) as journal,
            closing(connect(settings.redis_url, timeout=REDIS_SECONDS)) as client,
        ):
            require_ours(client, journal.identity())
    except OtherJournalError as error:
        raise click.ClickException(str(error)) from None
    except (JournalError, RedisError, OSError):
        pass


def load_workers() -> None:
    """Import what the processes of `worker` and their work-horses need, once for all of them: they
    are forked from this one.
    """
    with loading():
        for module in ("attempts", "chunks", "draining"):
            importlib.import_module(f"comethooks.workers.jobs.{module}")
        for module in ("scheduler", "worker"):
            importlib.import_module(f"comethooks.workers.supervision.{module}")
        # Of the plugins that are shipped, the one that every work-horse loads.
        importlib.import_module("comethooks.workers.interactions.goals_plugin")


def _worker_processes(settings: Settings, count: int) -> list[Child]:
    from comethooks.workers.supervision import scheduler, worker_process
    from comethooks.workers.supervision.worker import DrainWorker, RunsWorker

    stop_seconds = settings.handler_timeout + STOP_MARGIN_SECONDS

    def child(name: str, function: Callable[[], int], niceness: int = 0) -> Child:
        return ForkedChild(name, function=function, stop_seconds=stop_seconds, niceness=niceness)

    drain, run = (partial(worker_process.main, kind) for kind in (DrainWorker, RunsWorker))
    return [
        *(child(f"worker-{number}", drain) for number in range(1, count + 1)),
        child("runs", run, LATER),
        child("scheduler", scheduler.main, LATER),
    ]


def make_files_private() -> None:
    """Have all that this process makes from now on be for this user alone, and what its children
    make: events, credentials, and copies of plugins, whose code is run.
    """
    os.umask(0o077)


def make_usable(settings: Settings) -> None:
    """Make the data directory if it is not there, or end the command with the reason why not."""
    try:
        make_data_dir(settings.data_dir)
    except DataDirError as error:
        raise click.ClickException(str(error)) from None


def upgrade_database(settings: Settings) -> None:
    """Bring the tables up to date, or end the command with the reason why not."""
    from comethooks.cli.terminal.output import hint
    from comethooks.workers.journal import Journal, JournalError

    if settings.database_url == sqlite_url(database_path(settings.data_dir)):
        make_usable(settings)
    try:
        Journal.upgrade(
            settings.database_url,
            lambda: hint(
                "What an older version kept is made searchable, once; that takes a while."
            ),
        )
    except JournalError as error:
        raise click.ClickException(f"the database cannot be brought up to date: {error}") from None
