"""Posting many bodies over several connections, at a pace."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from comethooks.cli.send.failing import in_words, is_hopeless, is_refusal
from comethooks.workers.texts import plain

TIMEOUT_SECONDS = 10.0
IN_FLIGHT = 32
"""How many may wait for their answers when a rate sets the pace."""
_SHOWN = 2000
"""Characters of an answer that are shown to people."""
_AHEAD = 1000
"""Answers that may wait to be looked at."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came back after so many seconds; without a status nothing did, and `error` says why."""

    seconds: float
    status: int | None = None
    text: str = ""
    error: str | None = None
    nobody_listens: bool = False
    hopeless: bool = False
    """No connection came about, for a reason that the next body would meet as well."""

    @property
    def accepted(self) -> bool:
        """Whether it is a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def duplicate(self) -> bool:
        """Whether it says that the same was accepted before."""
        meaning = self._meaning() if self.accepted else None
        return isinstance(meaning, dict) and meaning.get("duplicate") is True

    def document(self) -> dict[str, Any]:
        """As JSON has it; `answer` is what the text means, or the text."""
        milliseconds = round(self.seconds * 1000, 1)
        return {
            "status": self.status,
            "ms": milliseconds,
            "answer": self._meaning(),
            "error": self.error,
        }

    def line(self) -> str:
        """For people."""
        return (
            plain(f"{self.status} {self.text[:_SHOWN]}".strip())
            if self.status
            else f"no answer: {self.error}"
        )

    def _meaning(self) -> Any:
        try:
            return orjson.loads(self.text)
        except orjson.JSONDecodeError:
            return self.text or None


def post(client: httpx.Client, url: httpx.URL, body: bytes) -> Posted:
    """Post one body. When no answer comes it has no status; only an unusable URL raises."""
    started = time.monotonic()
    status, text, error = None, "", None
    nobody_listens = hopeless = False
    try:
        answer = client.post(url, content=body, headers={"Content-Type": "application/json"})
        status, text = answer.status_code, answer.text
    except httpx.HTTPError as failure:
        error = in_words(failure, url, TIMEOUT_SECONDS)
        nobody_listens, hopeless = is_refusal(failure), is_hopeless(failure)
    return Posted(time.monotonic() - started, status, text, error, nobody_listens, hopeless)


def post_all(
    send: Callable[[bytes], Posted],
    series: Iterable[Iterable[bytes]],
    *,
    connections: int = 1,
    rate: float | None = None,
) -> Generator[Posted, None, None]:
    """The answers to all bodies, as they come, over so many connections at a time.

    The bodies of one series are sent one after the other, each when the one before has been
    answered. `rate` bodies a second are sent, and later only when every connection is waiting;
    without it, each as soon as it can be. Whatever `series` raises is raised here.
    """
    posters = _Posters(send, iter(series), rate)
    threads = [threading.Thread(target=posters.work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    at_work = len(threads)
    try:
        while at_work:
            answer = posters.answers.get()
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                at_work -= 1
            else:
                yield answer
    finally:
        posters.stopped.set()
        # A thread may be waiting for room in the queue: read on until each has said that it ends.
        while at_work:
            at_work -= posters.answers.get() is None


class _Posters:
    """What the threads share. Each puts its answers, what went wrong, and None in the end."""

    def __init__(
        self, send: Callable[[bytes], Posted], series: Iterator[Iterable[bytes]], rate: float | None
    ) -> None:
        self.answers: queue.Queue[Posted | Exception | None] = queue.Queue(_AHEAD)
        self.stopped = threading.Event()
        self._send = send
        self._series = series
        self._pace = _Pace(rate, self.stopped)
        self._lock = threading.Lock()

    def work(self) -> None:
        """Send one series after the other, until there is none or it is stopped."""
        try:
            while not self.stopped.is_set():
                taken = self._take()
                if taken is None:
                    break
                body, rest = taken
                self.answers.put(self._send(body))
                for body in rest:
                    self._pace.wait()
                    if self.stopped.is_set():
                        break
                    self.answers.put(self._send(body))
        except Exception as error:  # raised again where the answers are read
            self.answers.put(error)
        finally:
            self.answers.put(None)

    def _take(self) -> tuple[bytes, Iterator[bytes]] | None:
        """The next series, once its first body is due."""
        # One thread at a time, or every thread would hold a body that grows old until its turn.
        with self._lock:
            for series in self._series:
                bodies = iter(series)
                for first in bodies:
                    self._pace.wait()
                    return None if self.stopped.is_set() else (first, bodies)
        return None


class _Pace:
    """Has whoever waits here go on at their turn, of which there are `rate` a second."""

    def __init__(self, rate: float | None, stopped: threading.Event) -> None:
        self._rate = rate
        self._stopped = stopped
        self._started = time.monotonic()
        self._turns = 0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for one's turn, or until everything is stopped."""
        if self._rate is None:
            return
        with self._lock:
            turn = self._turns
            self._turns += 1
        self._stopped.wait(max(0.0, self._started + turn / self._rate - time.monotonic()))
