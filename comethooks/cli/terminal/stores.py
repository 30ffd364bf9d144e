"""Where commands find what was kept: the streams and the journal that the settings name."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click
from redis import Redis
from redis.exceptions import RedisError

from comethooks.browse.listing import Kept
from comethooks.browse.spool_view import SpoolView
from comethooks.cli import load_settings
from comethooks.cli.terminal.output import hint
from comethooks.workers.journal import (
    UPGRADE,
    Journal,
    JournalError,
    JournalOutdatedError,
    JournalUnavailableError,
    missing_file,
)
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.refusals import what_failed

if TYPE_CHECKING:
    from comethooks.workers.plugins.published import WorkerPlugins

_REDIS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stores:
    """Streams and journal, opened, and `kept`: both together."""

    settings: Settings
    client: Redis
    journal: Journal
    kept: Kept

    def looked_at(self) -> str:
        """Where something was looked for that was not found."""
        return (
            f"looked in the streams of {masked_url(self.settings.redis_url)} "
            f"and in the journal {masked_url(self.settings.database_url)}"
        )

    def waits_for(self) -> str | None:
        """What has to be there before work that is due is done; None when it is there."""
        try:
            leads = self.client.exists(keys.LEADER)
        except (RedisError, OSError) as error:
            return f"Redis, which {what_failed(error)}"
        return None if leads else "a worker: start `comethooks worker`"

    def follow_clock(self) -> None:
        """Go by the clock of all hosts from now on: whoever writes when something is due has to."""
        # No listing needs it.
        from comethooks.workers.streams.servers.shared_clock import follow_clock

        follow_clock(self.client)

    def workers(self) -> "list[WorkerPlugins]":
        """What the workers have of the plugins; nothing when Redis does not answer."""
        from comethooks.workers.plugins.published import at_work  # no listing needs it

        try:
            return at_work(self.client)
        except (RedisError, OSError):
            return []


@contextmanager
def open_stores() -> Iterator[Stores]:
    """Open the stores that the settings name; errors of the journal end the command with advice."""
    settings = load_settings()
    client = connect(settings.redis_url)
    try:
        journal = _open_journal(settings)
        try:
            kept = Kept(
                client,
                journal,
                partitions=settings.partitions,
                warn=partial(warn_of_streams, settings),
                spooled=SpoolView(settings, warn_of_spool).records,
            )
            yield Stores(settings, client, journal, kept)
        finally:
            journal.close()
    except JournalUnavailableError as error:
        raise click.ClickException(f"the journal cannot be read: {error}") from None
    except JournalOutdatedError as error:
        text = str(error)
        raise click.ClickException(text if UPGRADE in text else f"{text}; {UPGRADE}") from None
    except JournalError as error:
        raise click.ClickException(str(error)) from None
    finally:
        client.close()


def workers_at_work(settings: Settings) -> "list[WorkerPlugins] | None":
    """What the workers have; None when that is not known."""
    found = workers_and_web(settings)
    return None if found is None else found[0]


def workers_and_web(
    settings: Settings,
) -> "tuple[list[WorkerPlugins], list[WorkerPlugins]] | None":
    """What the workers have, and what the web processes; None when that is not known."""
    from comethooks.workers.plugins.published import at_web, at_work

    with closing(
        connect(settings.redis_url, connect_timeout=_REDIS_SECONDS, timeout=_REDIS_SECONDS)
    ) as client:
        try:
            return at_work(client), at_web(client)
        except (RedisError, OSError) as error:
            hint(f"What the workers have is not known: Redis {what_failed(error)}.")
            return None


def warn_of_streams(settings: Settings, reason: str) -> None:
    """Say that the streams are left out."""
    hint(
        f"Warning: {of_redis(settings, reason)} What is there and not yet journalled is not shown."
    )


def warn_of_spool(reason: str) -> None:
    """Say that the spool is left out."""
    hint(f"Warning: {reason}. What it holds is not shown.")


def of_redis(settings: Settings, reason: str) -> str:
    """What to tell of a Redis that is of no use, for what `what_failed` says of it."""
    return (
        f"Redis at {masked_url(settings.redis_url)} {reason}."
        f" Is `comethooks up` running, with the same {NAMES['data_dir']}?"
    )


@contextmanager
def needing_redis(settings: Settings) -> Iterator[None]:
    """End the command when Redis turns out to be of no use meanwhile."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise click.ClickException(of_redis(settings, what_failed(error))) from None


@contextmanager
def open_redis(settings: Settings) -> Iterator[Redis]:
    """A client of Redis; the command ends when that turns out to be of no use."""
    with needing_redis(settings), closing(connect(settings.redis_url)) as client:
        yield client


def _open_journal(settings: Settings) -> Journal:
    missing = missing_file(settings.database_url)
    if missing:
        raise JournalOutdatedError(
            f"there is no journal at {missing}: has `comethooks up` run with this"
            f" COMETHOOKS_DATA_DIR? Without it, {UPGRADE}"
        )
    return Journal.open(settings.database_url, counts_figures=settings.counts_figures)
