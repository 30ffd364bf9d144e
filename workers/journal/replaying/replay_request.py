"""What a replay is asked for, and what is known of an event that it may be about."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

import orjson

from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.record import Record
from comethooks.workers.states import EventStatus, RunState


class Choice(StrEnum):
    """Which runs a replay repeats, of all that its events and handlers make possible."""

    ALL = "all"
    DEAD = "dead"
    """Only where the live run is dead."""
    MISSING = "missing"
    """Only where the handler was never run: neither live nor in a replay that was no dry run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """Which events a replay is about, by a filter or from a file, and which handlers it runs.

    Of the handlers in `never` it records skipped runs. The filter's `handler`, `replay`, `state`,
    `outcome`, `answer`, `event_id` and `limit` are not used.
    """

    asked: Filter
    handlers: frozenset[str]
    never: frozenset[str] = frozenset()
    choice: Choice = Choice.ALL
    from_file: bool = False

    def as_json(self) -> dict[str, Any]:
        """The request as it is kept; times are milliseconds."""
        asked = {name: value for name, value in asdict(self.asked).items() if value}
        return {
            "asked": asked,
            "handlers": sorted(self.handlers),
            "never": sorted(self.never),
            "choice": self.choice.value,
            "from_file": self.from_file,
        }

    def dumped(self) -> str:
        """The same as text."""
        return orjson.dumps(self.as_json()).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request that was kept as `text`."""
        kept = orjson.loads(text)
        asked = kept["asked"]
        if "status" in asked:
            asked["status"] = EventStatus(asked["status"])
        return cls(
            asked=Filter(**asked),
            handlers=frozenset(kept["handlers"]),
            never=frozenset(kept["never"]),
            choice=Choice(kept["choice"]),
            from_file=kept["from_file"],
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that may be replayed, and what is known of its runs, by the ids of handlers.

    `live` are the states of live runs, `ran` the handlers that ever got the event (dry runs do not
    count), and `recorded` the handlers with a run in this replay.
    """

    record: Record
    live: Mapping[str, RunState] = field(default_factory=dict)
    ran: frozenset[str] = frozenset()
    recorded: frozenset[str] = frozenset()
