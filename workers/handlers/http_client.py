"""The HTTP client that all handlers of a process share: it keeps no cookies, and its requests end
in time.

The time-outs of httpx begin anew with each piece that is sent or received, so whoever answers a
byte at a time is waited for without end, and with each address of a host. Connections that are made
here let nobody wait beyond the end of the request that the thread is at. Only what the operating
system takes to look a name up has no end that Python could set; the time-out for connecting begins
after it.
"""

import socket
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
    # Not what httpx unpacks besides when a plugin brings a library for it: a piece of that can hold
    # gigabytes.
    headers = {"Accept-Encoding": "gzip, deflate"}
    client = httpx.Client(transport=transport, cookies=no_cookies, headers=headers)
    # httpx takes no backend, and a transport of our own would know nothing of HTTP_PROXY.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            pool: Any = transport._pool
            pool._network_backend = _Backend(pool._network_backend)
    return client


class _Backend(httpcore.NetworkBackend):
    """Makes connections that keep to the deadline, over all addresses of a host together."""

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
        addresses = _addresses(host, port)
        left = _left(timeout, httpcore.ConnectTimeout)
        end = None if left is None else time.monotonic() + left
        while True:
            address = addresses.pop(0)
            # An even share, so that one that does not answer leaves time for the next.
            share = (
                None if end is None else max(end - time.monotonic(), 0.001) / (len(addresses) + 1)
            )
            try:
                stream = self._inner.connect_tcp(
                    address, port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise
            else:
                return _Stream(stream)


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


def _addresses(host: str, port: int) -> list[str]:
    """The addresses of `host`, at least one, in the order in which they are to be tried."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    # That of a link of IPv6 means something only with the number of its interface, the fourth of
    # its parts.
    return [f"{at[0]}%{at[3]}" if len(at) == 4 and at[3] else str(at[0]) for *_, at in found]


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """`timeout`, or what is left for the request when that is less. Raises `error` when nothing
    is.
    """
    if _request.end is None:
        return timeout
    left = _request.end - time.monotonic()
    if left <= 0:
        raise error("the request took all the time that it has")
    return left if timeout is None else min(timeout, left)
