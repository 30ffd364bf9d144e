"""HTTP for handlers: connections that are used again, time-outs that fit into the run, nothing sent in a dry run."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workers.effects import Effects, preview

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""How long to wait for a connection, and for what comes over it, unless less is left of the run."""
LEAST_SECONDS = 0.05

Connect = Callable[[], "httpx.Client"]


class Http:
    """What `ctx.http` is. Every method gives an `httpx.Response`, and raises what httpx raises.

    Statuses are not errors; `response.raise_for_status()` makes them. Redirects are not followed. In a dry run
    nothing is sent, and the answer is a 200 with the JSON `{}`.
    """

    def __init__(
        self, connect: Connect, effects: Effects, seconds_left: Callable[[], float], *, dry_run: bool
    ) -> None:
        self._connect = connect
        self._effects = effects
        self._seconds_left = seconds_left
        self._dry_run = dry_run

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
        """Send a request. `timeout` is seconds, at most what is left of the run."""
        import httpx  # a process whose handlers never call out need not load it

        options = {"json": json, "content": content, "data": data, "params": params, "headers": headers}
        request = httpx.Request(
            method, url, **{name: value for name, value in options.items() if value is not None}
        )
        if self._dry_run:
            body = next((value for value in (json, content, data) if value is not None), None)
            self._effects.add(f"would {request.method} {request.url}{preview(body)}")
            return httpx.Response(200, json={}, request=request)
        began = time.monotonic()
        try:
            response = self._connect().request(
                method, url, **options, auth=auth, timeout=self._timeouts(timeout), follow_redirects=False
            )
        except httpx.HTTPError as error:
            self._effects.add(f"{request.method} {request.url} → {type(error).__name__}")
            raise
        took = round((time.monotonic() - began) * 1000)
        self._effects.add(f"{request.method} {request.url} → {response.status_code} in {took} ms")
        return response

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

    def _timeouts(self, asked: float | None) -> "httpx.Timeout":
        import httpx

        left = max(self._seconds_left(), LEAST_SECONDS)
        answer = min(left, ANSWER_SECONDS if asked is None else asked)
        return httpx.Timeout(answer, connect=min(answer, CONNECT_SECONDS))


def may_have_arrived(error: BaseException) -> bool:
    """Whether a request may have had its effect although it failed with `error`."""
    if "httpx" not in sys.modules:
        return False
    import httpx

    never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    return isinstance(error, httpx.TransportError) and not isinstance(error, never_sent)
