"""Which calls are made once more within the same run, and after how long.

Asking, replacing and deleting come to the same when they are done twice (GET, PUT, DELETE). So they
are repeated after answers that say "not now" and after lost connections. Everything else may have
been done although no answer came: it is repeated only where nothing of it was sent.
"""

import random as chance
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from comethooks.workers.cometchat.retry_after import spread, wait_asked

if TYPE_CHECKING:
    import httpx

REPEATED = frozenset(("GET", "PUT", "DELETE"))
STATUSES = frozenset(
    (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
)
MOST_REPEATS = 4
"""Where CometChat is away for longer, a thread is of more use to other runs; this one comes again
as its `retry` says."""
FIRST_SECONDS = 0.5
"""The wait before the first repeat, up to half as long again; it doubles with each."""
LEFT_SECONDS = 1.0
"""So much of the run must be left for the repeat itself."""


@dataclass(slots=True)
class Repeats:
    """The repeats of one call. `seconds_left` tells what is left of the run."""

    method: str
    seconds_left: Callable[[], float]
    random: Callable[[], float] = chance.random
    made: int = 0

    def after_answer(self, response: "httpx.Response") -> float | None:
        """Seconds until the call is repeated after this answer; None if it is not."""
        if self.method not in REPEATED or response.status_code not in STATUSES:
            return None
        return self._next(wait_asked(response.status_code, response.headers))

    def after_error(self, error: "httpx.HTTPError") -> float | None:
        """Seconds until the call is repeated after it got no answer; None if it is not."""
        import httpx

        not_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
        lost = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)
        repeated = lost if self.method in REPEATED else not_sent
        return self._next(None) if isinstance(error, repeated) else None

    def _next(self, asked: float | None) -> float | None:
        if self.made >= MOST_REPEATS:
            return None
        usual = FIRST_SECONDS * 2**self.made
        wait = spread(usual if asked is None else max(asked, usual), self.random)
        if wait + LEFT_SECONDS > self.seconds_left():
            return None
        self.made += 1
        return wait
