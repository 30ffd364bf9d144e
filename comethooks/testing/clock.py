"""The clock of a harness, which only the test moves."""

from collections.abc import Callable
from datetime import UTC, datetime

from comethooks.workers.clock import now_ms


class Clock:
    """Tells the time, and begins with what it is.

    `reached` is called before the time becomes another.
    """

    def __init__(self, reached: Callable[[int], None] = lambda milliseconds: None) -> None:
        self._milliseconds = now_ms()
        self._reached = reached

    def __call__(self) -> int:
        """The time, in milliseconds since the epoch."""
        return self._milliseconds

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self._milliseconds / 1000, UTC)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, and have the attempts made that become due meanwhile, each at its
        time. Raises `ValueError` when time would go back.
        """
        if seconds < 0:
            raise ValueError(f"advance({seconds!r}): time does not go back")
        target = self._milliseconds + round(seconds * 1000)
        self._reached(target)
        self.set(target)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass within a run: nothing else becomes due meanwhile."""
        self.set(self._milliseconds + round(seconds * 1000))

    def set(self, milliseconds: int) -> None:
        """Make it that time (milliseconds since the epoch), unless it is later already."""
        self._milliseconds = max(self._milliseconds, milliseconds)
