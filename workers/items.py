"""What travels through a drainer: the partitions that it holds, and the entries on their way to the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workers.journal import RunResult
from workers.loading import BoundHandler
from workers.marks import EntryMarks
from workers.record import Record


@dataclass(slots=True, eq=False)
class Partition:
    """A partition that this drainer holds. Counters belong to the drainer's main thread."""

    number: int
    lease: str
    marks: dict[str, EntryMarks]
    """What an earlier drainer marked and did not journal, by entry."""
    cursor: str = "0-0"
    unsettled: int = 0
    """Entries read and not yet forgotten."""
    closing: bool = False
    """Nothing new starts; the lease is given back when the last run has ended and is journalled."""


@dataclass(slots=True, eq=False)
class Item:
    """One entry on its way from the stream to the journal."""

    partition: Partition
    entry: str
    record: Record
    cost: int
    todo: Sequence[BoundHandler] = ()
    """The handlers that are still to be started."""
    deaths: Mapping[str, int] = field(default_factory=dict)
    """Handlers that were at work on it when a drainer died, and how often."""
    suspects: frozenset[str] = frozenset()
    """Those of them that are each to run with nothing else beside it."""
    results: list[RunResult] = field(default_factory=list)
    marked: frozenset[str] = frozenset()
    """Handlers that have a mark of an earlier drainer, to be forgotten with the entry."""
    discarded: bool = False
    """Some of it did not run, since its partition is closing or a handler is stuck; it stays in the stream."""

    lane: tuple[str | None, str] = field(init=False)
    """What orders it: the app, and the conversation, the user or the event itself."""

    def __post_init__(self) -> None:
        self.lane = self.record.app_id, self.record.key or self.record.id

    def forgettable(self) -> dict[str, str]:
        """Every handler with a mark, to the state that its run is counted under; "" for one not counted."""
        return {**dict.fromkeys(self.marked, ""), **{each.handler: each.state.value for each in self.results}}
