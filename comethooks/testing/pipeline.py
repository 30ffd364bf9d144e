"""What a worker does with events: runs, one at a time, with their retries, their order and what
they emit.

Runs have a thread of their own, as in a worker, so that they are held to their time limit.
"""

import heapq
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue

from comethooks.schemas import Event
from comethooks.testing.clock import Clock
from comethooks.testing.delivery import Delivery, Run
from comethooks.testing.emissions import Emissions
from comethooks.testing.errors import HarnessError
from comethooks.testing.lines import Lane, Lines
from comethooks.workers.handlers.context import Services
from comethooks.workers.handlers.run import event_of
from comethooks.workers.handlers.runners import Runners
from comethooks.workers.journal import RunResult
from comethooks.workers.record import Record
from comethooks.workers.replays.lines import lane_key
from comethooks.workers.states import RunState

_LOOK_SECONDS = 0.05
"""How often a run is held to its time limit."""


@dataclass(frozen=True, slots=True)
class _Coming:
    """An event that handlers are to get."""

    event: Event
    lane: Lane


class Pipeline:
    """Makes runs, and knows which are due later or wait for others."""

    def __init__(self, clock: Clock, services: Services, emissions: Emissions) -> None:
        self._clock = clock
        self._emissions = emissions
        self._lines = Lines()
        self._due: list[tuple[int, int, Run]] = []
        self._released: deque[Run] = deque()
        self._deliveries: dict[Run, Delivery] = {}
        self._numbers = count()
        self._failures: list[Exception] = []
        self._runners = Runners(1, services, on_failure=self._failures.append)
        self._runners.start()

    def begin(self, delivery: Delivery) -> None:
        """Make the first attempts on the event, and on what they emit. What an earlier delivery
        left is forgotten.
        """
        event = delivery.event
        self._due = [each for each in self._due if each[2].event is not event]
        heapq.heapify(self._due)
        self._start(delivery, [_Coming(event, _lane_of(delivery.record, event.replay))])
        self._go_on()

    def next_due(self, deliveries: Collection[Delivery]) -> int | None:
        """When the next attempt of one of their runs is due."""
        return min(
            (due for due, _, run in self._due if self._deliveries[run] in deliveries), default=None
        )

    def make_due(self, until: int) -> None:
        """Make the attempts that are due until then, each at its time."""
        while self._due and self._due[0][0] <= until:
            due, _, run = heapq.heappop(self._due)
            self._clock.set(due)
            self._attempt_again(run)
            self._go_on()

    def retry(self, run: Run) -> None:
        """Give a dead run one attempt more. Raises `HarnessError` when it is not dead."""
        _require_dead(run)
        self._attempt_again(run)
        self._go_on()

    def dismiss(self, run: Run) -> None:
        """Be done with a dead run: those that waited for it go on. Raises `HarnessError` when it is
        not dead.
        """
        _require_dead(run)
        run.state = RunState.DISMISSED
        self._leave_line(run)
        self._go_on()

    def close(self) -> None:
        """End the thread that runs handlers."""
        self._runners.stop()

    def _start(self, delivery: Delivery, coming: Iterable[_Coming]) -> None:
        queue = deque(coming)
        while queue:
            each = queue.popleft()
            for bound in delivery.handlers:
                if delivery.reason(bound, each.event) is None:
                    run = Run(each.event, bound, delivery.dry_run)
                    delivery.runs += (run,)
                    self._deliveries[run] = delivery
                    queue.extend(self._begin_run(run, each.lane))

    def _begin_run(self, run: Run, lane: Lane) -> list[_Coming]:
        if run.event.replay is not None and run.bound.handler.replay == "never":
            run.state = RunState.SKIPPED
            return []
        if run.bound.ordered and not self._lines.enter(run, lane):
            run.state = RunState.WAITING
            return []
        return self._attempt(run)

    def _attempt_again(self, run: Run) -> None:
        self._start(self._deliveries[run], self._attempt(run))

    def _attempt(self, run: Run) -> list[_Coming]:
        """Make the next attempt of a run; the events that it emitted for the first time."""
        run.take(self._executed(run))
        if run.next_at is not None:
            heapq.heappush(self._due, (run.next_at, next(self._numbers), run))
        if run.state is RunState.DONE:
            self._leave_line(run)
        records = self._emissions.take()
        coming = [self._coming(record, run.event.replay) for record in records]
        self._deliveries[run].emitted += tuple(each.event for each in coming)
        return coming

    def _coming(self, record: Record, replay: str | None) -> _Coming:
        return _Coming(event_of(record, replay=replay), _lane_of(record, replay, emitted=True))

    def _leave_line(self, run: Run) -> None:
        released = self._lines.leave(run)
        if released is not None:
            self._released.append(released)

    def _go_on(self) -> None:
        """Make the attempts of runs that wait for nobody any more."""
        while self._released:
            self._attempt_again(self._released.popleft())

    def _executed(self, run: Run) -> RunResult:
        ends: SimpleQueue[RunResult] = SimpleQueue()

        def ended(result: RunResult, *, given_up: bool = False) -> None:
            ends.put(result)

        self._runners.submit(
            lambda runner: runner.execute(
                run.bound,
                run.event,
                ended,
                attempt=run.attempts + 1,
                dry_run=run.dry_run,
                clock=self._clock,
            )
        )
        while True:
            try:
                return ends.get(timeout=_LOOK_SECONDS)
            except Empty:
                if self._failures:
                    raise self._failures[0] from None
                self._runners.enforce_limits()


def _lane_of(record: Record, replay: str | None, *, emitted: bool = False) -> Lane:
    """What orders an event: live as in a drainer, and in each replay for itself."""
    if replay is None:
        return replay, record.app_id, record.key or record.id
    return replay, *lane_key(record, emitted=emitted)


def _require_dead(run: Run) -> None:
    if run.state is not RunState.DEAD:
        raise HarnessError(f"{run.handler} is {run.state}: only a dead run is retried or dismissed")
