"""Clients of Redis that repeat nothing by themselves, and wait no longer than somebody does."""

from collections.abc import Mapping
from typing import Any, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    TimeoutError,
)
from redis.retry import Retry

Entries = list[tuple[bytes, dict[bytes, bytes]]]
"""Entries of a stream: id and fields, each."""

CONNECTION_LOST = (ConnectionError, TimeoutError, OSError)
"""What a call raises when its answer did not arrive: it may have been carried out all the same."""


def why_unusable(error: BaseException) -> str | None:
    """What a Redis that answers lacks, in words that fit behind its address; None for another
    error, which speaks for itself.
    """
    if isinstance(error, BusyLoadingError):
        return "is still loading its data"
    return "wants other credentials" if isinstance(error, AuthenticationError) else None


def connect(url: str, *, connect_timeout: float = 1.0, timeout: float = 5.0) -> Redis:
    """A client of the server at `url` that connects when first used and never repeats a call by
    itself.

    Both time-outs are seconds. A repeated call is only right where the caller knows it to be
    idempotent.
    """
    # redis-py would repeat every call whose connection broke. That doubles what is not idempotent,
    # and the time that a sender waits.
    return Redis.from_url(
        url,
        socket_connect_timeout=connect_timeout,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


def read_streams(
    client: Redis, cursors: Mapping[str, str], *, count: int, wait: float
) -> list[tuple[bytes, Entries]]:
    """Up to `count` entries of each stream that come after its cursor. Waits up to `wait` seconds
    for the first one.
    """
    found = client.xread(cast(Any, cursors), count=count, block=max(1, int(wait * 1000)))
    return cast(list[tuple[bytes, Entries]], found)


def read_backwards(client: Redis, stream: str, newest: str, oldest: str, *, count: int) -> Entries:
    """Up to `count` entries of a stream between two ids, the newest first."""
    return cast(Entries, client.xrevrange(stream, newest, oldest, count=count))
