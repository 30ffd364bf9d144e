"""A circuit breaker for Redis: while it does not answer, nobody waits for it.

The first call that gets no answer opens it. From then on calls fail at once, while a thread asks
every tenth of a second whether the server is back; its first answer closes the breaker.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

INTERVAL_SECONDS = 0.1
"""How long the thread waits between two questions."""


class Breaker:
    """Whether it is worth waiting for the server. Threads may share it.

    `answers` asks the server, and may take as long as a call. What it raises is no answer.
    """

    def __init__(self, answers: Callable[[], bool]) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._cause: Exception | None = None

    @property
    def cause(self) -> Exception | None:
        """How the call ended that opened it; None while it is closed."""
        return self._cause

    def open(self, cause: Exception) -> None:
        """Have calls fail at once until the server answers again."""
        with self._lock:
            if self._cause is None and not self._ended.is_set():
                # First, since where no thread can be started nobody would close it again.
                threading.Thread(target=self._watch, name="breaker", daemon=True).start()
                self._cause = cause

    def end(self) -> None:
        """Close it for good, and ask no more."""
        self._ended.set()
        self._cause = None

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            # Whatever it fails of: without this thread nobody would close the breaker again.
            with suppress(Exception):
                if self._answers():
                    break
        with self._lock:
            self._cause = None
