"""How often something may happen, counted in this process and in bounded memory."""

import threading
import time
from collections.abc import Callable, Hashable

WINDOW_SECONDS = 60.0
MOST_KEYS = 20_000
"""Counted at once, about 2 MB; what comes on top within a window is let through uncounted."""


class Rate:
    """Lets each key through `limit` times in a window of a minute."""

    def __init__(
        self, limit: int, clock: Callable[[], float] = time.monotonic, *, most_keys: int = MOST_KEYS
    ) -> None:
        self.limit = limit
        self._clock = clock
        self._most_keys = most_keys
        self._lock = threading.Lock()
        self._counts: dict[int, int] = {}
        self._ends = 0.0

    def wait(self, key: Hashable) -> float:
        """Count once more; the seconds to wait when that was too often, and else 0."""
        # Of a key nothing is kept but its hash, which differs from process to process.
        counted = hash(key)
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._counts.clear()
                self._ends = now + WINDOW_SECONDS
            count = self._counts.get(counted)
            if count is None and len(self._counts) >= self._most_keys:
                return 0.0
            if count is not None and count >= self.limit:
                return self._ends - now
            self._counts[counted] = (count or 0) + 1
            return 0.0
