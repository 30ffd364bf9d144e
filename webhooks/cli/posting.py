"""Posting many bodies: at what pace, and what came of them."""

import math
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from webhooks.cli.texts import plain

TIMEOUT_SECONDS = 10.0
IN_FLIGHT = 32
"""How many may wait for their answers when a rate sets the pace."""
_SHOWN = 2000
"""Characters of an answer that are shown to people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, after how many seconds. Without a status nothing did, for the reason in `error`."""

    seconds: float
    status: int | None = None
    text: str = ""
    error: str | None = None
    nobody_listens: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it is a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    def document(self) -> dict[str, Any]:
        """As JSON has it; `answer` is what the text means, or the text."""
        answer: Any = self.text
        try:
            answer = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            answer = self.text or None
        milliseconds = round(self.seconds * 1000, 1)
        return {"status": self.status, "ms": milliseconds, "answer": answer, "error": self.error}

    def line(self) -> str:
        """For people."""
        return (
            plain(f"{self.status} {self.text[:_SHOWN]}".strip())
            if self.status
            else f"no answer: {self.error}"
        )


@dataclass(slots=True)
class Tally:
    """What came of many. `started` is on the monotonic clock."""

    started: float
    sent: int = 0
    accepted: int = 0
    unanswered: int = 0
    first_failure: Answer | None = None
    _seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def count(self, answer: Answer) -> None:
        """Count one more."""
        self.sent += 1
        self.accepted += answer.accepted
        self.unanswered += answer.status is None
        self._seconds.append(answer.seconds)
        if not answer.accepted and self.first_failure is None:
            self.first_failure = answer

    def line(self, now: float) -> str:
        """The closing line. Who was refused got an answer that is no 2xx."""
        refused = self.sent - self.accepted - self.unanswered
        unanswered = f"{self.unanswered} without an answer, " if self.unanswered else ""
        rate = self.sent / max(now - self.started, 1e-6)
        ordered = sorted(self._seconds)
        return (
            f"{self.sent} sent: {self.accepted} accepted, {refused} refused, {unanswered}{rate:.1f} per second, "
            f"p50 {_percentile(ordered, 50):.1f} ms, p99 {_percentile(ordered, 99):.1f} ms"
        )


def post(client: httpx.Client, url: httpx.URL, body: bytes) -> Answer:
    """Post one body. An answer that does not come is one without a status; only an unusable URL raises."""
    started = time.monotonic()
    status, text, error, nobody_listens = None, "", None, False
    try:
        answer = client.post(url, content=body, headers={"Content-Type": "application/json"})
        status, text = answer.status_code, answer.text
    except (httpx.ConnectError, httpx.ConnectTimeout) as failure:
        error, nobody_listens = type(failure).__name__, True
    except httpx.HTTPError as failure:
        error = type(failure).__name__
    return Answer(time.monotonic() - started, status, text, error, nobody_listens)


def on_schedule(send: Callable[[bytes], Answer], bodies: Iterable[bytes], rate: float) -> Iterator[Answer]:
    """The answers to `bodies`, of which `rate` a second are sent; later only when too many are unanswered."""
    started = time.monotonic()
    under_way: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        for number, body in enumerate(bodies):
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
            under_way.append(pool.submit(send, body))
            while under_way and (under_way[0].done() or len(under_way) >= IN_FLIGHT):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _percentile(ordered: list[float], percent: int) -> float:
    """The nearest rank, in milliseconds."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] * 1000 if ordered else 0.0
