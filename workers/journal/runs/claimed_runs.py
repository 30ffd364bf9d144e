"""Runs as whoever claims them, or takes their claim away, gets to know them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import orjson

from comethooks.workers.record import Kind, Record
from comethooks.workers.states import RunMode, run_mode

OF_RECORD = (
    "id", "source", "trigger", "name", "app_id", "conversation_id", "sender",
    "occurred_at", "received_at", "body",
)  # fmt: skip
"""The columns of an event that its record is made of as they are."""


class RunKey(NamedTuple):
    """What a run is found by; `replay` is None for a live one."""

    event_id: str
    handler: str
    replay: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that was claimed, with the event that it is about.

    `attempt` is the number of the one to be made. One that is to run `alone` was running when its
    process died, so it may be poison.
    """

    record: Record
    handler: str
    replay: str | None
    attempt: int
    alone: bool
    lane: str | None = None
    """Of an ordered handler's run: the line that it stands in, see
    `workers.journal.runs.waiting_lines`."""
    dry_run: bool = False
    """Whether it is part of a replay that is a dry run."""
    left_out_at: int | None = None
    """Since when it waits for its plugin, if it does (ms)."""

    @property
    def key(self) -> RunKey:
        """What the run is found by."""
        return RunKey(self.record.id, self.handler, self.replay)

    @property
    def mode(self) -> RunMode:
        """Whether it is live, of a replay or of a dry run."""
        return run_mode(self.replay, dry_run=self.dry_run)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The run in a row of `runs` and `events` together, as it was before it was claimed."""
        record = Record(
            kind=Kind.EVENT,
            **{name: row[name] for name in OF_RECORD},
            size=row["size"] or 0,
            headers=orjson.loads(row["headers"]),
        )
        key = key_in(row["event_id"], row["handler"], row["replay"])
        return cls(
            record,
            *key[1:],
            attempt=row["attempts"] + 1,
            alone=row["deaths"] > 0,
            lane=row["lane"],
            dry_run=bool(row["dry_run"]),
            left_out_at=row["left_out_at"],
        )


class FreedRun(NamedTuple):
    """A run whose claim was taken away: due again, or, when `dead`, a dead letter."""

    key: RunKey
    dead: bool


def key_in(event_id: str, handler: str, replay: str) -> RunKey:
    """The key that these columns hold."""
    return RunKey(event_id, handler, replay or None)
