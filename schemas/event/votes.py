"""What was decided on a message in flight, and who said what."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self


class DecisionAction(StrEnum):
    """What becomes of a message in flight."""

    ALLOW = "allow"
    """It is delivered as it is."""
    DROP = "drop"
    """It is not delivered."""
    ANNOTATE = "annotate"
    """It is delivered with more about it."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one decider said of a message in flight, or why it said nothing.

    `decider` is its id, `plugin.function`; `ms` how long it took, in milliseconds. Without a
    `verdict` it has no opinion, or failed with the `error`. A vote in `shadow` does not count.
    `confidence` is between 0 and 1.
    """

    decider: str
    verdict: DecisionAction | None
    ms: float
    shadow: bool = False
    error: str | None = None
    reason: str | None = None
    confidence: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """The vote as it is kept and printed."""
        return {
            "decider": self.decider,
            "verdict": None if self.verdict is None else self.verdict.value,
            "ms": self.ms,
            "shadow": self.shadow,
            "error": self.error,
            "reason": self.reason,
            "confidence": self.confidence,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The vote that `as_json` wrote, without what a newer version says of it. Raises KeyError,
        TypeError or ValueError when it is none.
        """
        verdict = document["verdict"]
        known = {each.name: document[each.name] for each in fields(cls) if each.name in document}
        return cls(**{**known, "verdict": None if verdict is None else DecisionAction(verdict)})
