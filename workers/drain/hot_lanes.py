"""Hot lanes: those of which more waits in the stream than a drainer takes at once.

A drainer reads on past them, so that a conversation with thousands of events does not hold up the
others of its partition. What it passes stays in the stream, and not in memory: of a lane only the
place is remembered from which it is read again, once there is room for more of it. Until then
everything later of that lane is passed, too, so its order holds.
"""

from dataclasses import dataclass, field

from comethooks.workers.handlers.in_line import Lane

LANE_QUOTA = 32
"""Entries of one lane that may wait for their runs in a drainer. They run one after the other, so
more would not be quicker."""
MOST_BEHIND = 1_000
"""Lanes of a partition that may be behind: the memory for them has a limit, too."""


@dataclass(slots=True, eq=False)
class Load:
    """How many entries of a lane have entered a drainer, and how many of them need no runner any
    more.

    The drainer's main thread counts the first, whoever settles entries the second.
    """

    entered: int = 0
    ended: int = 0

    @property
    def waiting(self) -> int:
        """How many are in between."""
        return self.entered - self.ended


@dataclass(slots=True, eq=False)
class HotLanes:
    """The loads of the lanes in one partition. For the drainer's main thread."""

    loads: dict[Lane, Load] = field(default_factory=dict)
    behind: dict[Lane, str] = field(default_factory=dict)
    """By lane, from where in the stream it is to be read again: an entry, or `(` and the one
    before.
    """

    def enter(self, lane: Lane, entry: str) -> Load | None:
        """Count an entry of `lane` in; None when it is passed."""
        return None if lane in self.behind else self.enter_again(lane, entry)

    def enter_again(self, lane: Lane, entry: str) -> Load | None:
        """The same for an entry that was passed before, as was everything later of its lane."""
        load = self.loads.get(lane)
        if load is None:
            load = self.loads[lane] = Load()
        elif load.waiting >= LANE_QUOTA:
            self.behind[lane] = entry
            return None
        load.entered += 1
        return load

    def with_room(self) -> list[Lane]:
        """The lanes to be read again now: those that are half empty."""
        return [lane for lane in self.behind if self.loads[lane].waiting <= LANE_QUOTA // 2]

    def leave(self, lane: Lane) -> None:
        """Forget a lane if nothing waits in it any more."""
        load = self.loads.get(lane)
        if load is not None and not load.waiting and lane not in self.behind:
            del self.loads[lane]
