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
from comethooks.webhooks import health
from comethooks.workers.logs import one_line
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams.accept import refusal_word
from comethooks.workers.streams.connections import why_unusable
from comethooks.workers.streams.layout import PartitionsError, check_count
from comethooks.workers.streams.limit import BacklogLimit, maxmemory_in
from comethooks.workers.streams.scripts import OLDEST_REDIS

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
        client.ping()
        milliseconds = _latency_ms(client)
    except BusyLoadingError as error:
        found = f"{place} {why_unusable(error)}"
        yield Finding(CONNECTION, Level.WARNING, found, "wait, and look again")
    except AuthenticationError as error:
        found = f"{place} {why_unusable(error)}"
        yield Finding(CONNECTION, Level.WRONG, found, _credentials_advice())
    except (RedisError, OSError) as error:
        yield _unreachable(place, error, embedded=embedded)
    else:
        yield Finding(CONNECTION, Level.OK, f"{place} answers")
        yield _latency(milliseconds)


def check_server(client: Redis, settings: Settings) -> Iterator[Finding]:
    """What it is, whether it takes writes, and whether it keeps them. Raises redis-py's errors.

    Managed servers may forbid CONFIG or INFO; then that is what it says.
    """
    server = health.ask(client)
    limit = BacklogLimit(settings.max_backlog_bytes, maxmemory_in(server.state))
    degraded = {found.what: found for found in health.server_degraded(server, limit)}
    yield from _version(client)
    if server.refusal:
        yield Finding(
            "redis.writing",
            Level.WRONG,
            f"it refuses to write: {server.refusal}; every event gets 503",
            _REFUSALS.get(server.refusal, "its log says why"),
        )
    else:
        yield Finding("redis.writing", Level.OK, "it takes writes")
    for found in degraded.values():
        yield from_health("redis", found, _level(found, server))
    yield from _persistence(server, degraded)
    if server.state:
        yield from _last_writes(server.state)
        yield from _memory(server.state, limit, degraded)
    else:
        yield Finding(
            "redis.memory", Level.WARNING, "it could not be checked: INFO is not permitted"
        )
    yield from _partitions(client, settings)


_REFUSALS: Mapping[str, str] = {
    "OutOfMemoryError": "start workers, which empty it, or raise maxmemory",
    "ReadOnlyError": "it is a replica: set REDIS_URL to the primary",
    "MISCONF": "it cannot write to its disk: look at its free space and its log",
    "NoPermissionError": "allow its user all commands on comethooks:* and rq:*",
}


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


def _unreachable(place: str, error: Exception, *, embedded: bool) -> Finding:
    if embedded and not isinstance(error, TimeoutError | ResponseError):
        return Finding(
            CONNECTION,
            Level.WARNING,
            f"the embedded server is not running ({place})",
            f"start `comethooks up` with this {NAMES['data_dir']}, or set {NAMES['redis_url']}",
        )
    return Finding(
        CONNECTION,
        Level.WRONG,
        f"{place} does not answer: {one_line(error)}",
        f"start it, or mend {NAMES['redis_url']}; without it every event gets 503",
    )


def _credentials_advice() -> str:
    return f"write them into {NAMES['redis_url']}: redis://user:password@host:port/0"


def _level(found: health.HealthFinding, server: health.Server) -> Level:
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
    if about.get("redis_mode") == "cluster":
        advice = "use one that is no cluster: the keys of one call lie in several slots"
        yield Finding(name, Level.WRONG, "it is a Redis Cluster, which is not supported", advice)
    elif valkey or _major(version) >= OLDEST_REDIS:
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
        yield Finding(
            "redis.partitions",
            Level.WRONG,
            f"they cannot be read: {refusal_word(error)}",
            _REFUSALS["NoPermissionError"],
        )
