"""A silence as it is kept."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSilence:
    """Nothing came of an app for too long. Times are milliseconds since the epoch.

    `last_event_at` is when the last event before it was received, `found_at` when it was found to
    last too long, `expected` how many events were to be expected until then, None where nothing is
    known of other weeks. `resumed_at` and `resumed_expected` are the same for its end; None while
    it lasts. `told` and `resumed_told` say whether the events that tell of both were accepted.
    """

    app_id: str
    last_event_at: int
    found_at: int
    expected: int | None = None
    told: bool = False
    resumed_at: int | None = None
    resumed_expected: int | None = None
    resumed_told: bool = False

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """What a row of `silences` says."""
        return cls(**row._mapping)

    @property
    def lasts(self) -> bool:
        """Whether the app is silent still."""
        return self.resumed_at is None
