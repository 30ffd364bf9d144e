"""The steps of forgetting a user, in an order in which nothing that is done comes back.

The tombstone comes first: what is written from then on is written without the user. Then plugins,
since nobody can tell them the uid later; the journal; what waits, on this host's disk and in the
streams; the journal once more, for what runs that were in progress wrote meanwhile; and then the
bytes that databases keep of what was deleted.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from redis.exceptions import RedisError

from comethooks.cli.forget import told
from comethooks.cli.forget.forgotten_things import Asked, Done
from comethooks.cli.terminal.asking import ask, require_answer
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.schemas.forgotten_user import known_user
from comethooks.workers.clock import now_ms
from comethooks.workers.forgetting.redis_left import (
    rewrite_log,
    wait_until_journalled,
    waiting,
)
from comethooks.workers.forgetting.spooled_left import (
    count_in_spool,
    forget_in_files,
    forget_in_spool,
)
from comethooks.workers.journal import sqlite_file
from comethooks.workers.plugins.forgetters.calling import (
    forget_in_plugins,
    keepers,
    unasked,
)
from comethooks.workers.plugins.looking import look_at_plugins
from comethooks.workers.settings.hiding import hidden_credentials
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolError
from comethooks.workers.streams.refusals import what_failed

_LOG_SECONDS = 300.0
_SLACK_MS = 5 * 60 * 1000
"""Clocks of hosts differ, and CometChat repeats what was not answered for a while: so much younger
may be what the tombstone is about."""
_SMALL_BYTES = 256 * 2**20
"""A database up to this size writes all its pages anew in a second or two: it always does."""


def forget_user(asked: Asked, *, dry_run: bool) -> None:
    """Forget a user, or only count."""
    if not dry_run:
        require_answer("forget the user without being asked", yes=asked.yes)
    with open_stores() as stores:
        told.unless_heard(asked.app_id, stores.journal.silences.heard())
        if dry_run:
            told.counted(_counted(stores, asked), asked.as_json)
            return
        if not asked.yes:  # to count takes as long as to forget
            told.would(_counted(stores, asked))
        ask("Forget this user? Nothing brings back what goes.", yes=asked.yes)
        done = _forgotten(stores, asked)
    told.done(done, asked.as_json, now_ms())
    if not done.went_well:
        raise click.exceptions.Exit(1)


def _counted(stores: Stores, asked: Asked) -> Done:
    user = known_user(asked.uid, "forgotten")
    found = Done()
    with progress(None, "looked through") as advance:
        found.tables = stores.journal.forgetting.count(
            asked.app_id, asked.uid, lambda count: [advance() for _ in range(count)]
        )
    with _redis(found):
        found.waiting = waiting(stores.client, user, asked.app_id, before=now_ms())
    with spool_of(stores.settings, found) as spool:
        found.spooled = count_in_spool(spool, user, asked.app_id) if spool else 0
    return found


def _forgotten(stores: Stores, asked: Asked) -> Done:
    forgetting, settings = stores.journal.forgetting, stores.settings
    forgetting.remove_tombstones(now_ms())
    began = now_ms()
    stone = forgetting.put_tombstone(asked.app_id, asked.uid, began + _SLACK_MS)
    user = known_user(asked.uid, stone.alias)
    done = Done()
    _plugins(done, stores, asked)
    with progress(None, "looked through") as advance:
        done.tables = forgetting.forget(
            asked.app_id,
            asked.uid,
            stone.alias,
            told=lambda count: [advance() for _ in range(count)],
        )
    at_work = forgetting.at_work(stone.alias)
    with spool_of(settings, done) as spool:
        done.spooled = forget_in_spool(spool, user, asked.app_id) if spool else 0
    done.files = forget_in_files(settings.data_dir, user, asked.app_id)
    with _redis(done):
        done.waiting = wait_until_journalled(
            stores.client, user, asked.app_id, before=stone.at, seconds=asked.wait
        )
    done.running = forgetting.wait_until_ended(at_work, stone.alias, asked.wait)
    done.tables += forgetting.forget(asked.app_id, asked.uid, stone.alias, since=began - _SLACK_MS)
    done.emptied = forgetting.empty_free_space(vacuum=asked.vacuum or _is_small(settings))
    with _redis(done):
        done.log = rewrite_log(stores.client, seconds=_LOG_SECONDS)
    return done


def _plugins(done: Done, stores: Stores, asked: Asked) -> None:
    settings = stores.settings
    plugins = look_at_plugins(settings)
    with hidden_credentials(settings):
        for each in forget_in_plugins(
            plugins, asked.app_id, asked.uid, seconds=settings.handler_timeout
        ):
            done.plugins.append(each)
    done.unasked = unasked(plugins)
    done.keepers = keepers(plugins, stores.journal.forgetting.plugins_with_once_keys())


def _is_small(settings: Settings) -> bool:
    file: Path | None = sqlite_file(settings.database_url)
    try:
        return file is not None and file.stat().st_size <= _SMALL_BYTES
    except OSError:
        return False


@contextmanager
def _redis(done: Done) -> Iterator[None]:
    """Go on without Redis, and say so."""
    try:
        yield
    except (RedisError, OSError) as error:
        done.redis_away = what_failed(error)


@contextmanager
def spool_of(settings: Settings, done: Done) -> Iterator[Spool | None]:
    """The spool of this host, if it has one."""
    try:
        spool = open_spool(settings) if settings.data_dir.exists() else None
        if spool is None:
            yield None
            return
        with closing(spool):
            yield spool
    except SpoolError as error:
        done.spool_trouble = str(error)
