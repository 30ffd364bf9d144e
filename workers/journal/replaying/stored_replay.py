"""A replay as it is kept, and what a chunk adds to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.times import iso
from comethooks.workers.states import ReplayState

_PLAIN = (
    "name", "created_at", "finished_at", "rate", "dry_run", "expected", "events", "runs", "next_at",
    "deaths", "alone", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReplay:
    """A replay. Times are milliseconds, `rate` is events a second, `place` the last event that is
    done.

    `expected` is how many events there were when it was made, `events` and `runs` how many are
    recorded, skipped runs too. `deaths` counts the processes that died at the next event; the runs
    of the next `alone` events are each run alone. `error` is why it failed or, while it runs, that
    the next run is poison.
    """

    name: str
    created_at: int
    finished_at: int | None
    state: ReplayState
    request: ReplayRequest
    rate: float | None
    dry_run: bool
    expected: int
    events: int
    runs: int
    place: Place | None
    next_at: int
    deaths: int
    alone: int
    error: str | None

    @property
    def gone(self) -> int:
        """How many of the expected events it did not find; 0 before its end."""
        return max(0, self.expected - self.events) if self.state is ReplayState.DONE else 0

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The replay in a row of `replays`."""
        known = {name: row[name] for name in _PLAIN}
        return cls(
            **known,
            state=ReplayState(row["state"]),
            request=ReplayRequest.from_json(row["request"]),
            place=None if row["event_id"] is None else Place(row["received_at"], row["event_id"]),
        )

    def as_json(self, skipped: int) -> dict[str, Any]:
        """The replay in a listing; so many of its runs are `skipped`."""
        return {
            "name": self.name,
            "state": self.state.value,
            "dry_run": self.dry_run,
            "rate": self.rate,
            "created_at": iso(self.created_at),
            "finished_at": None if self.finished_at is None else iso(self.finished_at),
            "expected": self.expected,
            "events": self.events,
            "gone": self.gone,
            "runs": self.runs - skipped,
            "skipped": skipped,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a chunk has done: results by event, and the place that it came to.

    `events` are only those with runs; `passed` are all. When `finished`, no event is left.
    """

    results: Sequence[tuple[str, RunResult]]
    place: Place | None
    events: int
    passed: int
    next_at: int
    finished: bool
