"""All checks, in the order in which they are told."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
from redis import Redis

from comethooks.doctor import (
    astray,
    clocks,
    configured,
    database,
    disks,
    engine,
    moderation_calls,
    moderation_rules,
    permissions,
    public,
    redis_server,
    silences,
    spool,
    web,
    webhooks,
)
from comethooks.doctor.finding import Finding, Level, caught, guarded
from comethooks.doctor.plugins import check_plugins
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, sqlite_file
from comethooks.workers.plugins.looking import look_at_plugins
from comethooks.workers.plugins.namespaces import unread_beside
from comethooks.workers.plugins.published import at_work
from comethooks.workers.settings import paths
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.owner import ADVICE, OTHERS, owner_of

REDIS_SECONDS = 3.0
"""How long one call of Redis may take."""


def examine(settings: Settings, public_endpoint: httpx.URL | None = None) -> Iterator[Finding]:
    """Look at everything; what is not asked for is the public address.

    Takes seconds when nothing answers. Loads the plugins, in this thread, and so runs their code.
    """
    names = configured.given(settings)
    yield from guarded("settings", partial(configured.check_settings, settings))
    with closing(connect(settings.redis_url, timeout=REDIS_SECONDS)) as client:
        redis = partial(_redis, client, settings, embedded=NAMES["redis_url"] not in names)
        of_redis = guarded("redis", redis)
        yield from of_redis
        of_database = guarded(
            "database",
            partial(
                database.check_database,
                settings,
                embedded=NAMES["database_url"] not in names,
            ),
        )
        yield from of_database
        answering = client if is_ok(of_redis, redis_server.CONNECTION) else None
        usable = is_ok(of_database, database.SCHEMA)
        if usable and answering is not None:
            yield from guarded("redis.journal", partial(_owner, answering, settings))
        yield from guarded("clock", partial(_clock, answering, settings, usable=usable))
        yield from caught("plugins", partial(_plugins, answering, settings))
        yield from guarded("moderation", partial(moderation_rules.check_rules, settings))
        yield from guarded("workers", partial(_workers, answering, settings))
        if usable:
            for name, check in (
                ("workers.runs", engine.check_runs),
                ("requests", astray.check_paths),
                ("requests", partial(moderation_calls.check_failures, settings.public_url)),
                ("silence", partial(silences.check_silences, settings)),
            ):
                yield from guarded(name, partial(_of_journal, check, settings))
        yield from guarded("files", partial(permissions.check_permissions, settings))
        yield from guarded("spool", partial(spool.check_spool, settings, now_ms()))
        yield from guarded("disk", partial(_disks, answering, settings))
    if settings.management is not None:
        apps = sorted(settings.app_ids)
        yield from guarded("webhooks", partial(webhooks.check_webhooks, apps, settings.management))
    yield from guarded("web", partial(web.check_web, settings.local_address))
    if public_endpoint is not None:
        yield from guarded("public", partial(_public, public_endpoint, settings))


def is_ok(findings: Iterable[Finding], check: str) -> bool:
    """Whether `check` was made, and found nothing."""
    return any(finding.check == check and finding.level is Level.OK for finding in findings)


def _redis(client: Redis, settings: Settings, *, embedded: bool) -> Iterator[Finding]:
    connection = list(redis_server.check_connection(client, settings, embedded=embedded))
    yield from connection
    if is_ok(connection, redis_server.CONNECTION):
        yield from redis_server.check_server(client, settings)


def _owner(client: Redis, settings: Settings) -> Iterator[Finding]:
    with closing(Journal.open(settings.database_url)) as journal:
        journal_id = journal.identity()
    if owner_of(client) in (None, journal_id):
        yield Finding("redis.journal", Level.OK, "what is in it is for this journal")
    else:
        yield Finding("redis.journal", Level.WRONG, OTHERS, ADVICE)


def _clock(client: Redis | None, settings: Settings, *, usable: bool) -> Iterator[Finding]:
    servers: dict[str, clocks.Ask] = {}
    with contextlib.ExitStack() as stack:
        if client is not None:
            servers["Redis"] = partial(clocks.redis_time, client)
        if usable and sqlite_file(settings.database_url) is None:
            journal = stack.enter_context(closing(Journal.open(settings.database_url)))
            servers["PostgreSQL"] = journal.clock
        yield from clocks.check_clock(servers)


def _plugins(client: Redis | None, settings: Settings) -> Iterator[Finding]:
    plugins = look_at_plugins(settings)
    yield from check_plugins(plugins, at_work(client) if client else ())
    for unread in unread_beside(plugins, settings):
        yield Finding("settings.unread", Level.WARNING, unread.sentence)


def _workers(client: Redis | None, settings: Settings) -> Iterator[Finding]:
    if client is None:
        yield Finding(
            "workers", Level.WARNING, "nothing is known of them while Redis does not answer"
        )
    else:
        yield from engine.check_workers(client, settings.partitions)


def _of_journal(
    check: Callable[[Journal, int], Iterator[Finding]], settings: Settings
) -> Iterator[Finding]:
    """What a check finds in the journal, as it is now (ms)."""
    with closing(Journal.open(settings.database_url)) as journal:
        yield from check(journal, now_ms())


def _disks(client: Redis | None, settings: Settings) -> Iterator[Finding]:
    places: dict[str, Path] = {"the data directory": settings.data_dir}
    if file := sqlite_file(settings.database_url):
        places["the database"] = file
    folder = disks.redis_dir(client, settings.redis_url) if client else None
    if folder or NAMES["redis_url"] not in configured.given(settings):
        places["Redis"] = folder or paths.socket_path(settings.data_dir).parent
    yield from disks.check_disks(places)


def _public(endpoint: httpx.URL, settings: Settings) -> Iterator[Finding]:
    yield from public.check_public(
        endpoint,
        credential=next(iter(settings.basic_auth), None),
        app_id=min(settings.app_ids, default=None),
    )
