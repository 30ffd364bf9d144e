"""Commands that run one part: the web process, the workers, the upgrade of the database.

What a command alone needs is imported in it: a supervisor of workers need not wait for Flask.
"""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from functools import partial

import click
import structlog

from comethooks.cli import load_settings
from comethooks.workers import logs
from comethooks.workers.processes import RELOAD, StopFlag
from comethooks.workers.settings.addresses import sqlite_url
from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.paths import database_path
from comethooks.workers.settings.settings import Settings
from comethooks.workers.supervision.supervisor import Child, ForkedChild, stop_together, supervise
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
    """Run the web process: gunicorn with the endpoint that CometChat calls."""
    from comethooks.webhooks.app import NoCredentialsError
    from comethooks.webhooks.gunicorn.server import environment, gunicorn_argv

    settings = load_settings()
    logs.configure(settings.log_format)
    if SETTLED not in settings.environ:  # else `up` has told
        left = [each.name for each in tell_at_a_glance(settings)]
        if left:
            log.info("left to plugins", settings=left, hint="comethooks doctor says who reads them")
    check_redis(settings)
    try:
        argv = gunicorn_argv(settings)
    except NoCredentialsError as error:
        raise click.ClickException(str(error)) from None
    os.execve(argv[0], argv, environment(settings))


@click.command()
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes that drain the queues; default COMETHOOKS_WORKERS.",
)
def worker(workers: int | None) -> None:
    """Run the workers, and bring back those that die.

    They are processes that drain the queues, one that runs again what has failed, and the
    scheduler. Several of this command, on one host or many, share the work of one Redis without
    being told of each other. A SIGUSR1 has all plugins loaded again.
    """
    settings = load_settings()
    logs.configure(settings.log_format)
    stop = StopFlag.on_signals(signal.SIGTERM, signal.SIGINT)
    check_redis(settings)
    count = workers or settings.workers
    children = _worker_processes(settings, count)

    def reload(*_: object) -> None:
        for child in children:
            child.reload()

    signal.signal(RELOAD, reload)
    for child in children:
        child.start()
    log.info("workers started", count=len(children), data_dir=str(settings.data_dir))
    telling = tell_beside_plugins(settings)
    supervise(children, stop, on_tick=telling.poll)
    telling.terminate()
    stop_together(children)
    log.info("workers stopped")


def check_redis(settings: Settings) -> None:
    """End the command when the settings ask for another number of partitions than Redis has.

    Says so when Redis does not answer: there is nothing to compare yet, and everything waits.
    """
    from comethooks.workers.streams.connections import connect
    from comethooks.workers.streams.layout import PartitionsError, check_count
    from comethooks.workers.supervision.redis_outage import telling_when_silent

    if SETTLED in settings.environ:
        return  # `up` has looked, and has told
    try:
        with (
            telling_when_silent(settings.redis_url, SILENCE_SECONDS),
            closing(connect(settings.redis_url, timeout=REDIS_SECONDS)) as client,
        ):
            check_count(client, settings.partitions)
    except PartitionsError as error:
        raise click.ClickException(str(error)) from None


def _worker_processes(settings: Settings, count: int) -> list[Child]:
    """The processes of `worker`, to be forked from this one, which imports once for all of them."""
    from comethooks.workers.jobs import attempts, chunks, draining
    from comethooks.workers.supervision import scheduler, worker

    for module in (attempts, chunks, draining):  # for the work-horses
        assert module
    stop_seconds = settings.handler_timeout + STOP_MARGIN_SECONDS

    def child(name: str, function: Callable[[], int], niceness: int = 0) -> Child:
        return ForkedChild(name, function=function, stop_seconds=stop_seconds, niceness=niceness)

    drain, run = (partial(worker.main, kind) for kind in (worker.DrainWorker, worker.RunsWorker))
    return [
        *(child(f"worker-{number}", drain) for number in range(1, count + 1)),
        child("runs", run, LATER),
        child("scheduler", scheduler.main, LATER),
    ]


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database's schema up to date. Safe to run again, and by several at once."""
    upgrade_database(load_settings())
    click.echo("The database is up to date.", err=True)


def upgrade_database(settings: Settings) -> None:
    """Bring the tables up to date, or end the command with the reason why not."""
    from comethooks.workers.journal import Journal, JournalError

    if settings.database_url == sqlite_url(database_path(settings.data_dir)):
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        Journal.upgrade(settings.database_url)
    except JournalError as error:
        raise click.ClickException(f"the database cannot be brought up to date: {error}") from None
