"""What may be poison, in a drainer: each run in a process of its own, beside everything else.

The dispatcher has marked the run as alone, and that is confirmed. From there on, and what a crash
after each step leaves:

1. A process for it is there, or is started. Crash of that process: another one is started. Of the
   drainer: the run is found alone, and is run so again.
2. The handler runs there. Crash of that process: the drainer sees it. The run is dead, or it is
   repeated in the same way with one death more; `workers.poison` says which. Crash of the drainer:
   the other process ends with it. That says nothing about the run, unless nothing else can have
   been why, see `workers.drain.poison_runs`.
3. From here on it is a run like any other: its result is marked, and so on.

The run keeps its lane meanwhile, so the order of its conversation is kept.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from comethooks.workers.drain.items import Item
from comethooks.workers.drain.lanes import Start
from comethooks.workers.drain.ordered import instead_of, put_in_line
from comethooks.workers.drain.poison_runs import after_isolated_death
from comethooks.workers.handlers.in_line import LineLength
from comethooks.workers.handlers.isolated_process import Died, Isolated
from comethooks.workers.handlers.isolation import Isolation
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler

log = structlog.get_logger()


class Told(Protocol):
    """Told once of every start: the result of its run, or None and the handlers that are not run
    here. With neither it is to start again.
    """

    def __call__(
        self, item: Item, result: RunResult | None, unrun: Sequence[BoundHandler] = ()
    ) -> None:
        """Take the news, in the thread of the process."""


class IsolatedRuns:
    """Makes the runs of starts that are alone. What is not to run any more is told as `unrun`."""

    def __init__(
        self,
        isolation: Isolation,
        *,
        unwanted: Callable[[Item], bool],
        before_run: Callable[[], None],
        line_length: LineLength,
        told: Told,
    ) -> None:
        self._isolation = isolation
        self._unwanted = unwanted
        self._before_run = before_run
        self._line_length = line_length
        self._told = told

    def add(self, start: Start) -> None:
        """Make this run as soon as there is a process for it."""
        self._isolation.submit(partial(self._run, start))

    def _run(self, start: Start, process: Isolated) -> Callable[[], None]:
        item, (handler,) = start.item, start.handlers
        if not process.ready(unless=partial(self._unwanted, item)):
            return partial(self._told, item, None, start.handlers)
        self._before_run()
        if handler.ordered and (instead := instead_of(handler, item, self._line_length)):
            return partial(self._told, item, instead)
        died = item.deaths.get(handler.id, ())
        attempt = died[-1].number + 1 if died else 1
        outcome = process.run(handler, item.record, attempt=attempt)
        if isinstance(outcome, Died):
            outcome = self._after_death(item, handler, outcome)
        if outcome is None:
            # Once more, in another process: with one death behind it, or with other plugins.
            item.todo = (handler, *item.todo)
            return partial(self._told, item, None)
        return partial(self._told, item, put_in_line(item, outcome) if handler.ordered else outcome)

    def _after_death(self, item: Item, handler: BoundHandler, death: Died) -> RunResult | None:
        """The result of a run that is poison; None when it is to be repeated."""
        log.warning(
            "the process of an isolated run died",
            id=item.record.id,
            handler=handler.id,
            ending=death.ending,
        )
        died = after_isolated_death(handler, item.deaths.get(handler.id, ()), death)
        if isinstance(died, RunResult):
            return died
        item.deaths = {**item.deaths, handler.id: died}
        item.alone |= {handler.id}
        return None
