"""What was measured in turns, and how often comethooks did what a peer did once."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

OURS = "comethooks"

Line = dict[str, Any]
"""One line of what is printed: `work`, `against`, `fsync`, `ratio`, and what it comes from."""


@dataclass
class Measured:
    """The rates of one contestant (a second), one for each round."""

    work: str
    name: str
    fsync: str
    per_second: list[float] = field(default_factory=list)
    others: dict[str, list[float]] = field(default_factory=dict)
    """What else was measured in each round, such as `p99_ms`."""

    def add(self, per_second: float, **others: float) -> None:
        """What one round gave."""
        self.per_second.append(per_second)
        for name, value in others.items():
            self.others.setdefault(name, []).append(value)

    def medians(self) -> dict[str, float]:
        """The medians of everything that was measured."""
        found = {"per_second": round(median(self.per_second), 1)}
        return found | {name: round(median(each), 2) for name, each in self.others.items()}


def lines(measured: list[Measured]) -> list[Line]:
    """One line for each peer: the median, and the range, of the ratios of the rounds.

    The ratio is that of the rates in one round, since what disturbs a machine disturbs neighbours
    alike.
    """
    ours, *peers = measured
    found = []
    for peer in peers:
        ratios = [one / other for one, other in zip(ours.per_second, peer.per_second, strict=True)]
        found.append(
            {
                "work": ours.work,
                "against": peer.name,
                "fsync": ours.fsync,
                "ratio": round(median(ratios), 3),
                "lowest": round(min(ratios), 3),
                "highest": round(max(ratios), 3),
                "rounds": len(ratios),
                "ours": ours.medians(),
                "theirs": peer.medians(),
            }
        )
    return found
