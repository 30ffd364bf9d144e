"""What was started and waits for a runner, and how many runners are asked to take it.

To wake a thread for each run costs more than most runs do. So what starts together goes into one
queue, and one runner is asked to work it off as long as runs are quick. Whoever looks after it asks
one more whenever nothing has happened for a moment: a slow run holds the others up no longer.
"""

from collections import deque
from collections.abc import Callable, Sequence

from comethooks.workers.drain.lanes import Start
from comethooks.workers.handlers.runners import Runner, Runners

PATIENCE_SECONDS = 0.005
"""How long nothing may happen while something waits until one more runner is asked."""


class HandOver:
    """The way from the dispatcher's thread to `runners`, which do `run` with each start."""

    def __init__(self, runners: Runners, run: Callable[[Start, Runner], None]) -> None:
        self._runners = runners
        self._run = run
        self._waiting: deque[Start] = deque()
        self._unasked = deque(range(len(runners)))
        """One for each runner that is not asked: there is no use in asking more than there are."""

    def add(self, starts: Sequence[Start], *, quick: bool) -> None:
        """Have runners take `starts`: one if runs are `quick`, else as many as there are starts."""
        self._waiting.extend(starts)
        for _ in starts[:1] if quick else starts:
            self._ask()

    @property
    def patience(self) -> float | None:
        """How many seconds to wait for something to happen before `hurry`; None: for ever."""
        return PATIENCE_SECONDS if self._waiting else None

    def hurry(self) -> None:
        """Ask one more runner, if something waits."""
        if self._waiting:
            self._ask()

    def _ask(self) -> None:
        if self._unasked:
            self._unasked.popleft()
            self._runners.submit(self._work_off)
        elif self._runners.stuck:
            # All may hang. Who takes their place runs nothing any more, but hands back what waits.
            self._runners.submit(self._work_off)

    def _work_off(self, runner: Runner) -> None:
        try:
            while self._waiting:
                try:
                    start = self._waiting.popleft()
                except IndexError:  # another runner was quicker
                    break
                self._run(start, runner)
        finally:
            self._unasked.append(0)
