"""Keeping a few of the requests that anybody can send in any number."""

import threading
import time
from collections.abc import Callable

SAMPLE_SECONDS = 10.0
"""Of the requests of one kind by unknown senders, a process keeps at most one in so many seconds.
"""


class Sampler:
    """Says yes at most once in `SAMPLE_SECONDS`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock()

    def take(self) -> bool:
        """Whether it is time again."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return False
            self._next = now + SAMPLE_SECONDS
            return True
