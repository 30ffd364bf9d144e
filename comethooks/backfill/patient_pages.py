"""Pages of CometChat's list of messages, asked for at a rate, and again when they do not come."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comethooks.workers.cometchat.api_errors import (
    ApiBusyError,
    ApiFailedError,
    CometChatError,
    LimitReachedError,
    NoAnswerError,
)
from comethooks.workers.cometchat.message_pages import MessagePages

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 16 * 1000 * 1000
"""Of a page. A thousand messages have one or two million."""
PATIENCE_SECONDS = 600.0
"""How long a page is asked for again."""
FIRST_SECONDS, MOST_SECONDS = 1.0, 60.0
"""The wait before the first repeat, which doubles, and the longest that is not asked for."""
_TIMEOUT_SECONDS = 30.0


class PageTooLargeError(NoAnswerError):
    """A page has more bytes than are read."""


class PageRequests:
    """Requests whose answers may not be larger than `MOST_BYTES`, for `ApiCalls`."""

    def __init__(self, client: "httpx.Client") -> None:
        self._client = client

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> "httpx.Response":
        """The answer. Raises `PageTooLargeError`, and what httpx raises."""
        import httpx

        streamed: AbstractContextManager[httpx.Response] = self._client.stream(
            method, url, json=json, headers=headers, timeout=_TIMEOUT_SECONDS
        )
        with streamed as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise PageTooLargeError(
                        f"a page is larger than {MOST_BYTES // 1_000_000} MB, the most that is read"
                    )
            kept = httpx.Headers(response.headers)
            kept.pop("Content-Encoding", None)  # it is unpacked by now
            return httpx.Response(response.status_code, headers=kept, content=bytes(body))


@dataclass(slots=True)
class PatientPages:
    """Pages at `rate` a second. `tell` is told why one is asked for again. `clock` and `sleep` are
    in seconds.
    """

    pages: MessagePages
    rate: float
    tell: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    _next_at: float = field(default=-math.inf, init=False)

    def next(self) -> list[dict[str, Any]]:
        """What the next page has that did not come before. Raises `CometChatError`: at once where
        CometChat says no, and otherwise after ten minutes.
        """
        until = self.clock() + PATIENCE_SECONDS
        wait = FIRST_SECONDS
        while True:
            self._wait_for_turn()
            try:
                return self.pages.next()
            except LimitReachedError as error:
                self.sleep(error.seconds)
                until += error.seconds
            except (ApiBusyError, ApiFailedError, NoAnswerError) as error:
                pause = max(wait, _asked_for(error))
                if self.clock() + pause > until:
                    raise
                if isinstance(error, PageTooLargeError):
                    self.pages.ask_for_less()
                said = str(error).partition("; again in")[0]
                end = " Asking" if said.endswith("?") else "; asking"
                self.tell(f"{said}{end} again in {pause:.0f} s")
                self.sleep(pause)
                wait = min(2 * wait, MOST_SECONDS)

    def _wait_for_turn(self) -> None:
        now = self.clock()
        if now < self._next_at:
            self.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1 / self.rate


def _asked_for(error: CometChatError) -> float:
    return error.seconds if isinstance(error, ApiBusyError) else 0.0
