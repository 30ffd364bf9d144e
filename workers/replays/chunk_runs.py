"""The runs of one chunk of a replay, in threads; those of a conversation one after the other."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from comethooks.workers.handlers.crew import Crew
from comethooks.workers.handlers.runners import Runner
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.processes import StopFlag
from comethooks.workers.record import Record, event_of
from comethooks.workers.replays.lines import LaneKey, ReplayLines, lane_key

_TICK_SECONDS = 0.1

Told = tuple[str, RunResult] | None
"""What a runner tells: how a run on the event with an id ended, or None, that a lane has ended."""


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A run that is to be made."""

    record: Record
    handler: BoundHandler


class ReplayRuns:
    """Makes the runs of the replay `name`, one chunk after the other, with a `crew` that is started
    elsewhere.
    """

    def __init__(self, name: str, crew: Crew[Told], stop: StopFlag, *, dry_run: bool) -> None:
        self._name = name
        self._crew = crew
        self._stop = stop
        self._dry_run = dry_run
        self._until = 0.0
        self._begun = False

    def over(self) -> bool:
        """Whether nothing more may be started: somebody asked to stop, or a handler hangs in this
        process.
        """
        return self._stop.is_set() or self._crew.stuck

    def make(
        self,
        pending: Sequence[Pending],
        lines: ReplayLines,
        *,
        until: float,
        tick: Callable[[], None],
    ) -> list[tuple[str, RunResult]]:
        """Make these runs; returns their results, each with its event's id, when all have ended.

        After `until` (monotonic clock) no run is started but the first, so every chunk comes on a
        little. `lines` are those of this chunk. `tick` is called several times a second. Raises
        what ended a runner.
        """
        self._until, self._begun = until, False
        lanes: defaultdict[LaneKey, list[Pending]] = defaultdict(list)
        for each in pending:
            lanes[lane_key(each.record)].append(each)
        for lane in lanes.values():
            self._crew.submit(partial(self._run, lane, lines))
        results: list[tuple[str, RunResult]] = []
        left = len(lanes)
        while left:
            for told in self._crew.told(_TICK_SECONDS):
                if told is None:
                    left -= 1
                else:
                    results.append(told)
            tick()
        return results

    def _run(self, lane: Sequence[Pending], lines: ReplayLines, runner: Runner) -> None:
        """In a runner's thread: one conversation."""
        for pending in lane:
            if self.over() or (self._begun and time.monotonic() > self._until):
                break
            self._begun = True
            if instead := lines.instead_of(pending.handler, pending.record):
                self._tell(pending, instead)
                continue
            event = event_of(pending.record, self._name)
            ended = partial(self._ended, pending, lines)
            runner.execute(pending.handler, event, ended, dry_run=self._dry_run)
        self._crew.tell(None)

    def _tell(self, pending: Pending, result: RunResult) -> None:
        self._crew.tell((pending.record.id, replace(result, replay=self._name)))

    def _ended(
        self, pending: Pending, lines: ReplayLines, result: RunResult, *, given_up: bool = False
    ) -> None:
        self._tell(pending, lines.placed(pending.handler, pending.record, result))
        if given_up:  # its thread hangs in the handler, and will not tell that its lane has ended
            self._crew.tell(None)
