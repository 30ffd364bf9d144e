"""The Redis or Valkey that keeps events until they are journalled: does it answer and keep them?"""

import re
import time
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from redis import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from rich.filesize import decimal

from comethooks.doctor.finding import Finding, Level, from_health
from comethooks.doctor.redis_replicas import check_replicas
from comethooks.webhooks import health
from comethooks.workers.logs import one_line
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams.connections import NoPrimaryError
from comethooks.workers.streams.layout import PartitionsError, check_count
from comethooks.workers.streams.limit import BacklogLimit, maxmemory_in
from comethooks.workers.streams.refusals import ADVICE, refusal_of, why_unusable
from comethooks.workers.streams.scripts import OLDEST_REDIS
from comethooks.workers.streams.servers.one_server import what_it_is

CONNECTION = "redis.connection"
SLOW_MS, TOO_SLOW_MS = 50, 300
"""A webhook waits this long for Redis' answer and no longer."""
FULL = 0.8
_PINGS = 5
_WRONG = frozenset({"eviction", "appendonly"})
"""What loses events whenever memory runs out or the server ends."""


def check_connection(client: Redis, settings: Settings, *, embedded: bool) -> Iterator[Finding]:
    """Whether it answers, and how fast. `embedded` means that `comethooks up` would run it."""
    place = masked_url(settings.redis_url)
    try:
        if several := what_it_is(client, settings.redis_url):
            what, advice = several
            yield Finding(CONNECTION, Level.WRONG, f"{place} is {what}", advice)
            return
        client.ping()
        milliseconds = _latency_ms(client)
    except (RedisError, OSError) as error:
        yield _unusable(place, error) or _unreachable(place, error, embedded=embedded)
    else:
        yield Finding(CONNECTION, Level.OK, f"{place} answers")
        yield _latency(milliseconds)


def check_server(client: Redis, settings: Settings) -> Iterator[Finding]:
    """What it is, whether it takes writes, and whether it keeps them. Raises redis-py's errors.

    Managed servers may forbid CONFIG or INFO; then that is what it says.
    """
    server = health.ask(client)
    limit = BacklogLimit(settings.max_backlog_bytes, maxmemory_in(server.state))
    degraded = {
        found.what: found
        for found in health.server_degraded(server, limit, allow_loss=settings.allow_loss)
    }
    yield from _version(client)
    if server.refusal:
        yield Finding(
            "redis.writing",
            Level.WRONG,
            f"it refuses to write: {server.refusal.named}; events wait in the spool, if any",
            server.refusal.advice or "its log says why",
        )
    else:
        yield Finding("redis.writing", Level.OK, "it takes writes")
    for found in degraded.values():
        yield from_health("redis", found, _level(found, server, settings))
    yield from _persistence(server, degraded)
    yield from check_replicas(client, settings)
    if server.state:
        yield from _last_writes(server.state)
        yield from _memory(server.state, limit, degraded)
    else:
        yield Finding(
            "redis.memory", Level.WARNING, "it could not be checked: INFO is not permitted"
        )
    yield from _partitions(client, settings)


def _latency_ms(client: Redis) -> float:
    """The median of some round trips."""
    times = []
    for _ in range(_PINGS):
        started = time.perf_counter()
        client.ping()
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def _latency(milliseconds: float) -> Finding:
    level = (
        Level.WRONG
        if milliseconds >= TOO_SLOW_MS
        else Level.WARNING
        if milliseconds >= SLOW_MS
        else Level.OK
    )
    advice = (
        f"put it nearer: a webhook waits at most {TOO_SLOW_MS} ms for it"
        if level != Level.OK
        else None
    )
    return Finding("redis.latency", level, f"a round trip takes {milliseconds:.1f} ms", advice)


def _unusable(place: str, error: Exception) -> Finding | None:
    """What a server lacks that is there; None when it does not answer."""
    lacking = why_unusable(error)
    if lacking is None:
        return None
    detail, _, advice = lacking.partition("; ")
    if isinstance(error, BusyLoadingError):
        return Finding(CONNECTION, Level.WARNING, f"{place} {detail}", "wait, and look again")
    if isinstance(error, NoPrimaryError) and not advice:
        advice = ADVICE["READONLY"]
    if isinstance(error, AuthenticationError):
        advice = f"write them into {NAMES['redis_url']}: redis://user:password@host:port/0"
    return Finding(CONNECTION, Level.WRONG, f"{place} {detail}", advice or None)


def _unreachable(place: str, error: Exception, *, embedded: bool) -> Finding:
    if embedded and not isinstance(error, TimeoutError | ResponseError):
        return Finding(
            CONNECTION,
            Level.WARNING,
            f"the embedded server is not running ({place})",
            f"start `comethooks up` with this {NAMES['data_dir']}, or set {NAMES['redis_url']}",
        )
    if embedded and isinstance(error, TimeoutError):
        return Finding(
            CONNECTION,
            Level.WRONG,
            f"{place} does not answer: {one_line(error)}",
            "end the embedded server's process, and `comethooks up` starts another one; until then"
            " events wait in the spool",
        )
    return Finding(
        CONNECTION,
        Level.WRONG,
        f"{place} does not answer: {one_line(error)}",
        f"start it, or mend {NAMES['redis_url']}; until then events wait in the spool",
    )


def _level(found: health.HealthFinding, server: health.Server, settings: Settings) -> Level:
    if found.what == health.APPENDONLY and settings.allow_loss:
        return Level.WARNING
    unwritten = found.what == "appendfsync" and server.configuration["appendfsync"] == "no"
    return Level.WRONG if found.what in _WRONG or unwritten else Level.WARNING


def _version(client: Redis) -> Iterator[Finding]:
    name = "redis.version"
    try:
        about = client.info("server")
    except ResponseError:
        yield Finding(name, Level.WARNING, "it could not be checked: INFO is not permitted")
        return
    valkey, version = about.get("valkey_version"), str(about.get("redis_version", "0"))
    if valkey or _major(version) >= OLDEST_REDIS:
        yield Finding(name, Level.OK, f"Valkey {valkey}" if valkey else f"Redis {version}")
    else:
        yield Finding(
            name,
            Level.WRONG,
            f"Redis {version} is too old",
            f"use Redis {OLDEST_REDIS} or newer, or Valkey",
        )


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0


def _persistence(
    server: health.Server, degraded: Mapping[str, health.HealthFinding]
) -> Iterator[Finding]:
    if degraded.keys() & {"appendonly", "appendfsync"}:
        return
    if "appendfsync" in server.configuration:
        yield Finding("redis.persistence", Level.OK, "appendonly yes, appendfsync always")
        return
    known = "appendonly is on; appendfsync" if server.state.get("aof_enabled") else "it"
    yield Finding(
        "redis.persistence",
        Level.WARNING,
        f"{known} could not be checked: CONFIG is not permitted",
        "see to it where the server is managed: appendonly yes, appendfsync always",
    )


def _last_writes(state: Mapping[str, Any]) -> Iterator[Finding]:
    advice = "look at its log, and at the free space of its disk"
    for field, what, level in (
        ("aof_last_write_status", "the last write of the append-only file failed", Level.WRONG),
        (
            "aof_last_bgrewrite_status",
            "the append-only file could not be rewritten, so it grows",
            Level.WARNING,
        ),
        ("rdb_last_bgsave_status", "the last snapshot failed", Level.WARNING),
    ):
        if state.get(field, "ok") != "ok":
            yield Finding("redis.disk", level, what, advice)


def _memory(
    state: Mapping[str, Any], limit: BacklogLimit, degraded: Mapping[str, health.HealthFinding]
) -> Iterator[Finding]:
    if "eviction" not in degraded:
        policy = state.get("maxmemory_policy", "unknown")
        without = "" if limit.maxmemory else "; without a maxmemory nothing is evicted"
        yield Finding("redis.eviction", Level.OK, f"maxmemory-policy {policy}{without}")
    used = int(state.get("used_memory", 0))
    if not limit.maxmemory:
        yield Finding("redis.memory", Level.OK, f"{decimal(used)} used, no maxmemory")
        return
    share = f"{decimal(used)} of {decimal(limit.maxmemory)} used ({used / limit.maxmemory:.0%})"
    if used < FULL * limit.maxmemory:
        yield Finding("redis.memory", Level.OK, share)
    else:
        yield Finding(
            "redis.memory", Level.WARNING, share, "raise maxmemory, or start more workers"
        )


def _partitions(client: Redis, settings: Settings) -> Iterator[Finding]:
    try:
        check_count(client, settings.partitions)
    except PartitionsError as error:
        detail, _, advice = str(error).partition("; ")
        yield Finding("redis.partitions", Level.WRONG, detail, advice)
    except ResponseError as error:
        refusal = refusal_of(error)
        yield Finding(
            "redis.partitions",
            Level.WRONG,
            f"they cannot be read: {refusal.named}",
            refusal.advice or None,
        )
