"""What travels through a drainer: the partitions that it holds, and the entries on their way to the
journal.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from comethooks.workers.drain.hot_lanes import HotLanes, Load
from comethooks.workers.drain.marks import EntryMarks
from comethooks.workers.handlers.in_line import Lane, lane_of
from comethooks.workers.journal import Attempt, RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import Record
from comethooks.workers.states import RunMode, RunState
from comethooks.workers.streams.counters import outcome_of


@dataclass(slots=True, eq=False)
class Lines:
    """What a drainer knows of the lines in a partition, see `workers.drain.ordered`.

    By handler and lane.
    """

    free: set[tuple[str, Lane]] = field(default_factory=set)
    """Lines that nobody stands in."""
    unwritten: Counter[tuple[str, Lane]] = field(default_factory=Counter)
    """How many runs were put into a line and are not in the journal yet."""
    lock: Lock = field(default_factory=Lock)


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
    lines: Lines = field(default_factory=Lines)
    hot: HotLanes = field(default_factory=HotLanes)


@dataclass(slots=True, eq=False)
class Item:
    """One entry on its way from the stream to the journal."""

    partition: Partition
    entry: str
    record: Record
    cost: int
    todo: Sequence[BoundHandler] = ()
    """The handlers that are still to be started."""
    deaths: Mapping[str, tuple[Attempt, ...]] = field(default_factory=dict)
    """Handlers that were at work on it when a drainer died, and the attempts that ended so."""
    alone: frozenset[str] = frozenset()
    """Those of them that may be poison: each is to run with nothing beside it."""
    results: list[RunResult] = field(default_factory=list)
    marked: frozenset[str] = frozenset()
    """Handlers that have a mark of an earlier drainer, to be forgotten with the entry."""
    discarded: bool = False
    """Some of it did not run, since its partition is closing or a handler is stuck; it stays in the
    stream."""

    in_line: bool = False
    """Some of the results are of runs that stand in a line."""

    load: Load | None = None
    """Of its lane, if it has to wait there."""

    lane: Lane = field(init=False)

    def __post_init__(self) -> None:
        self.lane = lane_of(self.record)

    def end(self) -> None:
        """Say that it waits for no runner any more. To be called once, by who settles it."""
        if self.load is not None:
            self.load.ended += 1

    def forgettable(self) -> dict[str, str]:
        """Every handler with a mark, to what its run is counted as; "" for one not counted."""
        ended = {
            each.handler: ""
            if each.state is RunState.WAITING or each.left_out_at is not None
            else outcome_of(each.state, RunMode.LIVE)
            for each in self.results
        }
        return {**dict.fromkeys(self.marked, ""), **ended}
