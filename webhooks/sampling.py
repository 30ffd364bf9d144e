"""Keeping a few of the requests that anybody can send in any number."""

import threading
from collections.abc import Callable

SAMPLE_SECONDS = 10.0
"""Of the requests of one kind by unknown senders, a process keeps at most one in so many seconds.
"""


class Sampler:
    """Says yes at most once in `interval` seconds."""

    def __init__(self, interval: float, clock: Callable[[], float]) -> None:
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock()

    def take(self) -> bool:
        """Whether it is time again."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return False
            self._next = now + self._interval
            return True
