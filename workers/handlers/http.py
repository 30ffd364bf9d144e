"""HTTP for handlers: connections are used again, a request ends with its run, and a dry run sends
nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from comethooks.workers.handlers.effects import Effects, address, preview

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""How long to wait for a connection, and how long a request may take in all, unless less is left of
the run."""
LEAST_SECONDS = 0.05
"""What a request has even when the time of its run is over: it ends as a time-out then."""
LARGEST_ANSWER = 10 * 1000 * 1000
"""Bytes of an answer's body, unpacked: it is held in memory, beside those of all other threads.
Looked at after each piece was unpacked, so for a moment it may be more, by what one piece unpacks
to."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Connect = Callable[[], "httpx.Client"]


class Clients:
    """One HTTP client for all threads, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def client(self) -> "httpx.Client":
        """The client."""
        from comethooks.workers.handlers.http_client import new_client

        with self._lock:
            if self._client is None:
                self._client = new_client()
            return self._client


class Http:
    """What `ctx.http` is. Every method gives an `httpx.Response`, and raises what httpx raises.

    Statuses are not errors; `response.raise_for_status()` makes them. Redirects are not followed,
    cookies are not kept, and an answer of more than 10 MB is an `httpx.ReadError`. In a dry run
    nothing is sent, and the answer is a 200 with the JSON `{}`.
    """

    def __init__(
        self,
        connect: Connect,
        effects: Effects,
        seconds_left: Callable[[], float],
        *,
        dry_run: bool,
    ) -> None:
        self._connect = connect
        self._effects = effects
        self._seconds_left = seconds_left
        self._dry_run = dry_run
        self.arrived = 0
        """How many requests had their effect, or may have had it: those that were sent and got no
        answer, and those that were answered with anything but an error (4xx, 5xx) and were not only
        to ask something (GET, HEAD, OPTIONS)."""

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | str | None = None,
        data: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
    ) -> "httpx.Response":
        """Send a request, and give the answer once all of it is there.

        That takes at most `timeout` seconds, and never longer than the run still has.
        """
        import httpx  # a process whose handlers never call out need not load it

        options = {
            "json": json,
            "content": content,
            "data": data,
            "params": params,
            "headers": headers,
        }
        if self._dry_run:
            given = {name: value for name, value in options.items() if value is not None}
            request = httpx.Request(method, url, **given)
            body = next((value for value in (json, content, data) if value is not None), None)
            self._effects.add(f"would {request.method} {address(str(request.url))}{preview(body)}")
            return httpx.Response(200, json={}, request=request)
        client, began = self._connect(), time.monotonic()
        seconds = max(
            min(self._seconds_left(), ANSWER_SECONDS if timeout is None else timeout), LEAST_SECONDS
        )
        limits = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        request = client.build_request(method, url, **options, timeout=limits)
        shown = f"{request.method} {address(str(request.url))}"
        try:
            response = self._answer(client, request, auth, seconds)
        except httpx.HTTPError as error:
            self._effects.add(f"{shown} → {type(error).__name__}")
            raise
        response.elapsed = timedelta(seconds=time.monotonic() - began)
        took = round(response.elapsed.total_seconds() * 1000)
        self._effects.add(f"{shown} → {response.status_code} in {took} ms")
        return response

    @contextmanager
    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None
    ) -> Iterator["httpx.Response"]:
        """The answer to a GET, whose body is not read yet: `with ctx.http.stream("GET", url) as
        answer: for chunk in answer.iter_bytes(): …`.

        It may be read as long as the run has time, and be of any size: what is read is not kept.
        Raises `ValueError` for another method.
        """
        import httpx

        if method != "GET":
            raise ValueError(f"stream({method!r}, …): only the answers to a GET can be streamed")
        if self._dry_run:
            self._effects.add(f"would GET {address(url)}")
            yield httpx.Response(200, request=httpx.Request("GET", url))
            return
        from comethooks.workers.handlers.http_transport import within

        client, began = self._connect(), time.monotonic()
        seconds = max(self._seconds_left(), LEAST_SECONDS)
        limits = httpx.Timeout(min(seconds, ANSWER_SECONDS), connect=min(seconds, CONNECT_SECONDS))
        request = client.build_request("GET", url, headers=headers, timeout=limits)
        shown = f"GET {address(str(request.url))}"
        with within(seconds):
            try:
                response = client.send(request, stream=True, follow_redirects=False)
            except httpx.HTTPError as error:
                self._effects.add(f"{shown} → {type(error).__name__}")
                raise
            took = round((time.monotonic() - began) * 1000)
            self._effects.add(f"{shown} → {response.status_code} in {took} ms")
            try:
                yield response
            finally:
                response.close()

    def get(self, url: str, **options: Any) -> "httpx.Response":
        """`request("GET", …)`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> "httpx.Response":
        """`request("POST", …)`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> "httpx.Response":
        """`request("PUT", …)`."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> "httpx.Response":
        """`request("PATCH", …)`."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> "httpx.Response":
        """`request("DELETE", …)`."""
        return self.request("DELETE", url, **options)

    def _answer(
        self,
        client: "httpx.Client",
        request: "httpx.Request",
        auth: tuple[str, str] | None,
        seconds: float,
    ) -> "httpx.Response":
        from comethooks.workers.handlers.http_transport import within

        self.arrived += 1  # until something says otherwise, whatever interrupts this
        with within(seconds):
            try:
                response = client.send(request, stream=True, auth=auth, follow_redirects=False)
            except _not_sent():
                self.arrived -= 1
                raise
            # From the status on it is known what became of it, even when the body breaks off.
            if request.method in _SAFE or response.is_error:
                self.arrived -= 1
            try:
                return _whole(response)
            finally:
                response.close()


def _not_sent() -> tuple[type["httpx.HTTPError"], ...]:
    """What httpx raises before a server was sent anything of a request."""
    import httpx

    connecting = (httpx.PoolTimeout, httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
    return *connecting, httpx.UnsupportedProtocol, httpx.LocalProtocolError


def _whole(response: "httpx.Response") -> "httpx.Response":
    """`response` with its body. Raises `httpx.ReadError` when that is too large."""
    import httpx

    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            problem = (
                f"the answer is larger than {LARGEST_ANSWER // 1_000_000} MB, the most that"
                " ctx.http reads"
            )
            raise httpx.ReadError(problem, request=response.request)
    headers = httpx.Headers(response.headers)
    headers.pop("Content-Encoding", None)  # it is unpacked by now
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=bytes(body),
        request=response.request,
        extensions=response.extensions,
    )
