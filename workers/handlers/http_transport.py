"""Connections whose requests end in time, made with httpcore, which is what httpx is made with.

The time-outs of httpx begin again with each piece that is sent or received, so whoever answers a
byte at a time is waited for without end, and with each address of a host. Connections that are made
here let nobody wait beyond the end of the request that the thread is at. Only what the operating
system takes to look a name up has no end that Python could set; the time-out for connecting begins
after it.

httpx takes no network backend, and httpcore does. So the transport is ours; what it does beside
that is what `httpx.HTTPTransport` does, the proxies of the environment included.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

_PIECE = 16 * 1024
"""Bytes that are sent before the clock is looked at again."""
_MOST_CONNECTIONS = 100
_MOST_IDLE = 20
_IDLE_SECONDS = 5.0
_SCHEMES = ("http", "https", "all")
"""For what there may be a proxy."""


class _Request(threading.local):
    """The request that a thread is at: until when it may take, by the monotonic clock."""

    end: float | None = None


_request = _Request()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Requests of this thread that are made inside end within `seconds`, by a time-out of httpx.
    Those of a block around it go on by their own time.
    """
    around = _request.end
    _request.end = time.monotonic() + seconds
    try:
        yield
    finally:
        _request.end = around


class DeadlineTransport(httpx.BaseTransport):
    """Sends requests, directly or through a proxy of the environment (HTTP_PROXY, HTTPS_PROXY,
    ALL_PROXY, NO_PROXY). Safe to share between threads.
    """

    def __init__(self) -> None:
        context = httpx.create_ssl_context()
        proxies = getproxies()
        self._direct = _pool(context)
        self._proxied = {
            scheme: _pool(context, proxies[scheme]) for scheme in _SCHEMES if scheme in proxies
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, whose body is not read yet. Raises `httpx.TransportError`."""
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = self._pool_for(request.url).handle_request(sent)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        for pool in (self._direct, *self._proxied.values()):
            pool.close()

    def _pool_for(self, url: httpx.URL) -> httpcore.ConnectionPool:
        pool = self._proxied.get(url.scheme) or self._proxied.get("all")
        return self._direct if pool is None or proxy_bypass(url.host) else pool


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _pool(context: ssl.SSLContext, proxy: str | None = None) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=context,
        proxy=None if proxy is None else _proxy(proxy),
        max_connections=_MOST_CONNECTIONS,
        max_keepalive_connections=_MOST_IDLE,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=_Backend(httpcore.SyncBackend()),
    )


def _proxy(url: str) -> httpcore.Proxy:
    # httpx parts the password from the address, which must be sent as a header.
    found = httpx.Proxy(url if "://" in url else f"http://{url}")
    return httpcore.Proxy(str(found.url), auth=found.raw_auth, headers=found.headers.raw)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise an error of httpcore as the one of httpx that has the same name."""
    try:
        yield
    except Exception as error:
        for kind in type(error).__mro__:
            named = getattr(httpx, kind.__name__, None)
            if kind.__module__.startswith("httpcore") and named is not None:
                raise named(str(error)) from error
        raise


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
    """`timeout`, or the time that is left for the request, whichever is less (seconds). Raises
    `error` when none is left.
    """
    if _request.end is None:
        return timeout
    left = _request.end - time.monotonic()
    if left <= 0:
        raise error("the request took all the time that it has")
    return left if timeout is None else min(timeout, left)
