"""Clients of Redis that repeat nothing by themselves, and wait no longer than somebody does."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.exceptions import ConnectionError, ResponseError, TimeoutError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from comethooks.workers.settings.sentinel_urls import (
    SentinelUrl,
    is_sentinel_url,
    parse_sentinel_url,
)
from comethooks.workers.streams.servers.sentinels import AsksSentinels, Sentinels

Entries = list[tuple[bytes, dict[bytes, bytes]]]
"""Entries of a stream: id and fields, each."""

CONNECTION_LOST = (ConnectionError, TimeoutError, OSError)
"""What a call raises when its answer did not arrive: it may have been carried out all the same."""

LONELY = "NOREPLICAS"
NO_PRIMARY = frozenset(("READONLY", "MASTERDOWN", "LOADING", "UNBLOCKED", LONELY))
"""The codes with which a server says that it is no primary, not yet or not any more. `UNBLOCKED`
ends a call that waited when the server became a replica; one that is `LONELY` may be cut off from
its replicas, of which another is the primary by now. What it was sent is not carried out, and its
name may lead to another server: so leave it, closing the connection, and ask again.
"""


_SHARED = frozenset(
    ("username", "password", "socket_connect_timeout", "socket_timeout", "retry", "protocol")
)
"""What holds for each server of several."""


class NoPrimaryError(ConnectionError):
    """A server refused because it is a replica, or has none. Its connection is closed."""


def code_of(error: ResponseError) -> str:
    """The code of an error reply, such as READONLY or MISCONF. redis-py cuts off those that it has
    a class for.
    """
    return error.status_code or str(error).split(" ", 1)[0]


class _LeavesReplicas:
    """A connection that ends when its server says that it is no primary."""

    def read_response(self, *args: Any, **options: Any) -> Any:
        """The next answer. Raises `NoPrimaryError` in place of what tells that it is no primary."""
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]
        except ResponseError as error:
            if code_of(error) not in NO_PRIMARY:
                raise
            # Whoever waits out an outage tries again, and a new connection asks the name server
            # anew. This one would lead to the same server for as long as that one lives.
            cast(Any, self).disconnect()
            raise NoPrimaryError(str(error), status_code=code_of(error)) from None


class _TcpConnection(_LeavesReplicas, Connection):
    pass


class _TlsConnection(_LeavesReplicas, SSLConnection):
    pass


class _UnixConnection(_LeavesReplicas, UnixDomainSocketConnection):
    pass


class _NamedTcpConnection(AsksSentinels, _TcpConnection):
    pass


class _NamedTlsConnection(AsksSentinels, _TlsConnection):
    pass


def _connection_class(url: str) -> type[Connection | UnixDomainSocketConnection]:
    given = parse_url(url).get("connection_class")  # type: ignore[no-untyped-call]
    if given is UnixDomainSocketConnection:
        return _UnixConnection
    return _TlsConnection if given is SSLConnection else _TcpConnection


def connect(url: str, *, connect_timeout: float = 1.0, timeout: float = 5.0) -> Redis:
    """A client of the server at `url`, or of the primary that the Sentinels in it name. It connects
    when first used and never repeats a call by itself. A server that turns out to be a replica is
    left: that raises `NoPrimaryError`.

    Both time-outs are seconds. A repeated call is only right where the caller knows it to be
    idempotent.
    """
    # redis-py would repeat every call whose connection broke. That doubles what is not idempotent,
    # and the time that a sender waits.
    options: dict[str, Any] = {
        "socket_connect_timeout": connect_timeout,
        "socket_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    if is_sentinel_url(url):
        return _of_sentinels(url, options)
    return Redis.from_url(url, connection_class=_connection_class(url), **options)


def _of_sentinels(url: str, options: Mapping[str, Any]) -> Redis:
    named = parse_sentinel_url(url)
    given: dict[str, Any] = parse_url(named.server_url)  # type: ignore[no-untyped-call]
    for name in ("host", "port", "connection_class"):
        given.pop(name, None)
    kind = _NamedTlsConnection if named.scheme == "rediss" else _NamedTcpConnection
    pool = ConnectionPool(
        kind,
        # Only a server of Redis' own cloud has such notices, and none that a Sentinel knows.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
        sentinels=_sentinels_of(named),
        **{**options, **given},
    )
    return Redis.from_pool(pool)


@cache
def _sentinels_of(url: SentinelUrl) -> Sentinels:
    # One for all clients of a process, which has several. What one of them found out holds for the
    # others: which Sentinel hangs, and that another server is the primary by now.
    return Sentinels(url)


def connect_beside(client: Redis, host: str, port: int) -> Redis:
    """A client of another server that is logged in to like that of `client`, as its replicas are.
    It waits as long as that one.
    """
    pool = client.connection_pool
    options = {name: value for name, value in pool.connection_kwargs.items() if name in _SHARED}
    kind: type[Connection] = _TcpConnection
    if issubclass(pool.connection_class, SSLConnection):
        kind = _TlsConnection
        options |= {n: v for n, v in pool.connection_kwargs.items() if n.startswith("ssl_")}
    return Redis.from_pool(ConnectionPool(kind, host=host, port=port, **options))


def read_streams(
    client: Redis, cursors: Mapping[str, str], *, count: int, wait: float
) -> list[tuple[bytes, Entries]]:
    """Up to `count` entries of each stream that come after its cursor. Waits up to `wait` seconds
    for the first one.
    """
    found = client.xread(cast(Any, cursors), count=count, block=max(1, int(wait * 1000)))
    return cast(list[tuple[bytes, Entries]], found)


def read_range(client: Redis, stream: str, oldest: str, newest: str, *, count: int) -> Entries:
    """Up to `count` entries of a stream between two ids, the oldest first; `(` before an id: behind
    it.
    """
    return cast(Entries, client.xrange(stream, oldest, newest, count=count))


def read_backwards(client: Redis, stream: str, newest: str, oldest: str, *, count: int) -> Entries:
    """Up to `count` entries of a stream between two ids, the newest first."""
    return cast(Entries, client.xrevrange(stream, newest, oldest, count=count))
