"""Whether the clocks of this host and of the servers agree: leases and retries go by them."""

import time
from collections.abc import Callable, Iterator, Mapping

from redis import Redis

from comethooks.doctor.finding import Finding, Level

WARNING_SECONDS, WRONG_SECONDS = 1.0, 30.0

Ask = Callable[[], float]
"""Asks a server for its time: seconds since the epoch."""


def redis_time(client: Redis) -> float:
    """What time it is for Redis. Raises redis-py's errors."""
    seconds, microseconds = client.time()
    return float(seconds) + float(microseconds) / 1e6


def ahead(ask: Ask, clock: Callable[[], float] = time.time) -> float:
    """How many seconds a server's clock is ahead, at least: the way to it takes time, too."""
    started = clock()
    theirs = ask()
    ended = clock()
    # The server looked at its clock at some moment in between: what lies there differs by nothing.
    if theirs < started:
        return theirs - started
    return max(0.0, theirs - ended)


def check_clock(
    servers: Mapping[str, Ask], clock: Callable[[], float] = time.time
) -> Iterator[Finding]:
    """One finding for each server, by its name."""
    if not servers:
        detail = "there is nothing to compare this host's clock with: no server answers"
        yield Finding("clock", Level.WARNING, detail)
    for server, ask in servers.items():
        yield _finding(server, ahead(ask, clock))


def _finding(server: str, seconds: float) -> Finding:
    name = f"clock.{server.lower()}"
    if abs(seconds) < WARNING_SECONDS:
        return Finding(name, Level.OK, f"this host agrees with {server}")
    return Finding(
        name,
        Level.WRONG if abs(seconds) >= WRONG_SECONDS else Level.WARNING,
        f"this host is {abs(seconds):.1f} s {'behind' if seconds > 0 else 'ahead of'} {server}",
        "run a time service (NTP) on both hosts",
    )
