"""The HTTP client that all handlers of a process share: it keeps no cookies, and its requests end in time.

The time-outs of httpx begin anew with each piece that is sent or received, so whoever answers a byte at a time is
waited for without end. Connections that are made here let nobody wait beyond the end of the request that the thread
is at. Only what the operating system takes to look a name up has no end that Python could set.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx

_PIECE = 16 * 1024
"""Bytes that are sent before the clock is looked at again."""


class _Request(threading.local):
    """The request that a thread is at: until when it may take, by the monotonic clock."""

    end: float | None = None


_request = _Request()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Requests of this thread that are made inside end within `seconds`, by a time-out of httpx."""
    _request.end = time.monotonic() + seconds
    try:
        yield
    finally:
        _request.end = None


def new_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for `ctx.http`; with `transport` it reaches that in the place of the world."""
    # Plugins, apps and events share it: what one of them is given, the next one would send.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    client = httpx.Client(transport=transport, cookies=no_cookies)
    # httpx takes no backend, and a transport of our own would know nothing of HTTP_PROXY.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            pool: Any = transport._pool
            pool._network_backend = _Backend(pool._network_backend)
    return client


class _Backend(httpcore.NetworkBackend):
    """Makes connections that keep to the deadline."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """A connection."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """`timeout`, or what is left for the request when that is less. Raises `error` when nothing is."""
    if _request.end is None:
        return timeout
    left = _request.end - time.monotonic()
    if left <= 0:
        raise error("the request took all the time that it has")
    return left if timeout is None else min(timeout, left)
