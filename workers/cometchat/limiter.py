"""Keeps calls within limits, as far as this process counts them. `shared_limiter` counts for all.

Counted are the minute at hand and the one before it, of which as much is taken as still lies within
the last 60 seconds. So no 60 seconds have many more calls than the limit, wherever CometChat's own
minute begins.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from comethooks.workers.clock import now_ms
from comethooks.workers.cometchat.rate_limits import CallLimit

WINDOW_MS = 60_000
MOST_COUNTED = 20_000
"""So many limits are counted at once; those of users that have not called lately are forgotten."""


class Limiter(Protocol):
    """Says when calls may be made. Threads may share it."""

    def take(self, limits: Sequence[CallLimit]) -> float:
        """Count a call against all of its limits, and return 0; or count nothing, and return the
        seconds until it may be asked again.
        """

    def pause(self, limit: CallLimit, seconds: float) -> None:
        """Let nobody take of this limit for so long, as CometChat has said itself."""


class NoLimiter:
    """For dry runs, which call nobody."""

    def take(self, limits: Sequence[CallLimit]) -> float:
        """Nothing is to be waited for."""
        return 0.0

    def pause(self, limit: CallLimit, seconds: float) -> None:
        """Nothing is kept."""


@dataclass(slots=True)
class Window:
    """The calls of a minute, `number`, and of the one before. Times are in milliseconds."""

    number: int = -1
    count: int = 0
    before: int = 0
    paused_until: int = 0

    def wait(self, most: int, now: int) -> int:
        """How long until there is room for one more; 0 when there is. `CALL_LIMIT` of
        `streams.scripts` says the same in Redis.
        """
        self._turn(now // WINDOW_MS)
        wait = max(self.paused_until - now, 0)
        passed, room = now % WINDOW_MS, most - 1
        if self.count > room:
            full = WINDOW_MS - passed + (1 - room / self.count) * WINDOW_MS
        elif self.count + self.before * (1 - passed / WINDOW_MS) > room:
            full = (1 - (room - self.count) / self.before) * WINDOW_MS - passed
        else:
            return wait
        return max(wait, int(full) + 1)

    def _turn(self, number: int) -> None:
        if number != self.number:
            self.before = self.count if number == self.number + 1 else 0
            self.number, self.count = number, 0


class LocalLimiter:
    """Counts the calls of this process. `clock` tells the time in milliseconds."""

    def __init__(
        self, clock: Callable[[], int] = now_ms, *, most_counted: int = MOST_COUNTED
    ) -> None:
        self._clock = clock
        self._most_counted = most_counted
        self._lock = threading.Lock()
        self._windows: dict[str, Window] = {}

    def take(self, limits: Sequence[CallLimit]) -> float:
        """Count a call, or say how long to wait."""
        with self._lock:
            now = self._clock()
            windows = [self._window(limit.key, now) for limit in limits]
            waits = (
                window.wait(limit.most, now) for window, limit in zip(windows, limits, strict=True)
            )
            if wait := max(waits, default=0):
                return wait / 1000
            for window in windows:
                window.count += 1
            return 0.0

    def count(self, limits: Sequence[CallLimit]) -> None:
        """Count a call that somebody else has let through."""
        with self._lock:
            now = self._clock()
            for limit in limits:
                window = self._window(limit.key, now)
                window.wait(limit.most, now)
                window.count += 1

    def pause(self, limit: CallLimit, seconds: float) -> None:
        """Let nobody of this process take of it for so long."""
        with self._lock:
            now = self._clock()
            window = self._window(limit.key, now)
            window.paused_until = max(window.paused_until, now + round(seconds * 1000))

    def _window(self, key: str, now: int) -> Window:
        if key not in self._windows and len(self._windows) >= self._most_counted:
            self._forget(now)
        return self._windows.setdefault(key, Window())

    def _forget(self, now: int) -> None:
        """Forget what no longer counts; where everything does, the older half."""
        number = now // WINDOW_MS
        current = {
            key: window
            for key, window in self._windows.items()
            if window.number >= number - 1 or window.paused_until > now
        }
        if len(current) >= self._most_counted:
            current = dict([*current.items()][len(current) // 2 :])
        self._windows = current
