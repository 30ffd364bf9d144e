"""What came of many bodies that were posted."""

import math
from array import array
from dataclasses import dataclass, field

from comethooks.cli.send.posting import Posted

_PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class SendTally:
    """Counts of what was posted. `started` is monotonic; `doubled`: each body was sent twice."""

    started: float
    doubled: bool = False
    sent: int = 0
    accepted: int = 0
    duplicates: int = 0
    unanswered: int = 0
    first: Posted | None = None
    first_failure: Posted | None = None
    _seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def count(self, answer: Posted) -> None:
        """Count one more."""
        self.sent += 1
        self.accepted += answer.accepted
        self.duplicates += answer.duplicate
        self.unanswered += answer.status is None
        self._seconds.append(answer.seconds)
        self.first = self.first or answer
        if not answer.accepted:
            self.first_failure = self.first_failure or answer

    def line(self, now: float) -> str:
        """The closing line. Who was refused got an answer that is no 2xx."""
        refused = self.sent - self.accepted - self.unanswered
        counts = [f"{self.accepted} accepted{self._recognised()}", f"{refused} refused"]
        if self.unanswered:
            counts.append(f"{self.unanswered} without an answer")
        rate = self.sent / max(now - self.started, 1e-6)
        ordered = sorted(self._seconds)
        times = [f"p{percent} {_percentile(ordered, percent):.1f} ms" for percent in _PERCENTILES]
        times.append(f"max {_percentile(ordered, 100):.1f} ms")
        return f"{self.sent} sent: {', '.join((*counts, f'{rate:.1f} per second', *times))}"

    def _recognised(self) -> str:
        if not (self.doubled or self.duplicates):
            return ""
        of = f" of {self.sent // 2}" if self.doubled else ""
        return f" ({self.duplicates}{of} recognised as duplicates)"


def _percentile(ordered: list[float], percent: int) -> float:
    """The nearest rank, in milliseconds."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] * 1000 if ordered else 0.0
