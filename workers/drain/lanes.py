"""Which items may start, of all that a drainer has read: those at the head of their lanes.

Events with the same ordering key stand in one lane and run one after the other; lanes run side by
side. This is the rule alone: it starts nothing, writes nothing and knows no clock, so that it can
be shown by tables of cases. `workers.drain.dispatcher` does what it says.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from comethooks.workers.drain.items import Item
from comethooks.workers.handlers.in_line import Lane
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.unchanging import unchanging

STARTED_PER_RUNNER = 4
"""Items handed to each runner: one that runs, and some so that it need not wait for Redis in
between."""
QUICK_MS = 1.0
"""Where runs take less than this, more are handed over at once: a group of marks costs Redis and
this process nearly the same, however large it is."""
QUICK_PER_RUNNER = 16
SLOW_MS = 20.0
"""Where runs take so long, that wait is nothing: each runner has one item, and fewer may be poison
after a crash."""
_RECENT = 16
"""Over about so many runs the typical duration is taken."""


@unchanging()
class Start:
    """Handlers that a runner is to apply to an item in turn; or one, `alone` in its process."""

    item: Item
    handlers: Sequence[BoundHandler]
    alone: bool = False


class Lanes:
    """The lanes of one drainer with so many `runners`, and processes for as many runs that are
    `isolated`. For one thread.

    The life of an item: it enters; it is among what `start` gives, which takes its handlers to do;
    it is `done` when its runner has nothing more to do with it; and it leaves once the marks of its
    runs are confirmed. Only then may the next one of its lane start.
    """

    def __init__(self, runners: int, isolated: int = 1) -> None:
        self._runners = runners
        self._most_isolated = isolated
        self._behind: dict[Lane, deque[Item]] = {}
        """By lane, what stands behind its head. A lane without a head is not there."""
        self._ready: deque[Item] = deque()
        """Heads that may start beside others."""
        self._alone: deque[Item] = deque()
        """Heads that have a run which may be poison."""
        self._isolated: set[Item] = set()
        """Those of them that have started and are not done."""
        self._typical_ms = QUICK_MS
        """How long runs took recently."""
        self.in_progress = 0
        """Items that runners have and are not done with."""

    def enter(self, items: Iterable[Item]) -> None:
        """Put each item at the end of its lane."""
        for item in items:
            behind = self._behind.get(item.lane)
            if behind is None:
                self._behind[item.lane] = deque()
                self._stand_ready(item)
            else:
                behind.append(item)

    def can_start(self) -> bool:
        """Whether `start` would give anything."""
        if self._alone and len(self._isolated) < self._most_isolated:
            return True
        return bool(self._ready) and self.in_progress < self._most_in_progress()

    @property
    def idle(self) -> bool:
        """Whether nothing is in progress."""
        return not (self.in_progress or self._isolated)

    def start(self) -> list[Start]:
        """What starts now: what is to run alone, as far as there are processes for it, and as much
        as the runners may have.
        """
        starts = []
        for _ in range(min(self._most_isolated - len(self._isolated), len(self._alone))):
            item = self._alone.popleft()
            self._isolated.add(item)
            # One handler at a time: each is marked as alone when its own turn comes.
            first, item.todo = item.todo[:1], item.todo[1:]
            starts.append(Start(item, first, alone=True))
        number = max(0, min(self._most_in_progress() - self.in_progress, len(self._ready)))
        starts += [self._begin(self._ready.popleft()) for _ in range(number)]
        self.in_progress += number
        return starts

    @property
    def quick(self) -> bool:
        """Whether runs took so little recently that one runner does them all as soon as several."""
        return self._typical_ms < QUICK_MS

    def took(self, ms: int) -> None:
        """Note how long a run took."""
        self._typical_ms += (ms - self._typical_ms) / _RECENT

    def done(self, item: Item) -> None:
        """An item that started has no handler in progress any more."""
        if item in self._isolated:
            self._isolated.remove(item)
        else:
            self.in_progress -= 1

    def leave(self, item: Item) -> list[Item]:
        """Let the head of a lane leave it, so that the next one is ready. Gives what is settled.

        That is nothing when it has handlers to do: then it stays the head. When its partition
        closes, what is behind it goes too, discarded.
        """
        closing = item.partition.closing
        if item.todo and not item.discarded and not closing:
            self._alone.appendleft(item)  # first, so that no other item comes between its handlers
            return []
        item.discarded = item.discarded or bool(item.todo)
        settled, behind = [item], self._behind[item.lane]
        if closing:
            for each in behind:
                each.discarded = True
            settled += behind
            behind.clear()
        if behind:
            self._stand_ready(behind.popleft())
        else:
            del self._behind[item.lane]
        return settled

    def discard_closing(self) -> list[Item]:
        """Take out what is ready and will never start, since its partition closes. Gives what is
        settled.
        """
        settled = []
        for queue in (self._ready, self._alone):
            for item in [item for item in queue if item.partition.closing]:
                queue.remove(item)
                item.discarded = True
                settled += self.leave(item)
        return settled

    def _begin(self, item: Item) -> Start:
        handlers, item.todo = item.todo, ()
        return Start(item, handlers)

    def _stand_ready(self, item: Item) -> None:
        (self._alone if item.alone else self._ready).append(item)

    def _most_in_progress(self) -> int:
        if self.quick:
            return self._runners * QUICK_PER_RUNNER
        return self._runners * (STARTED_PER_RUNNER if self._typical_ms < SLOW_MS else 1)
