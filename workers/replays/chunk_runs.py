"""The runs of one chunk of a replay, in threads: those of a conversation one after the other, in
their order.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue

from comethooks.workers.handlers.run import event_of
from comethooks.workers.handlers.runners import Runner, Runners
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.processes import StopFlag
from comethooks.workers.record import Record
from comethooks.workers.replays.lines import LaneKey, ReplayLines, lane_key

_TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A run that is to be made."""

    record: Record
    handler: BoundHandler


class ReplayRuns:
    """Makes the runs of the replay `name`, one chunk after the other, with runners that are started
    elsewhere.

    `messages` is where the runners' failures are put.
    """

    def __init__(
        self,
        name: str,
        runners: Runners,
        messages: "SimpleQueue[object]",
        stop: StopFlag,
        *,
        dry_run: bool,
    ) -> None:
        self._name = name
        self._runners = runners
        self._messages = messages
        self._stop = stop
        self._dry_run = dry_run
        self._until = 0.0
        self._begun = False

    def over(self) -> bool:
        """Whether nothing more may be started: somebody asked to stop, or a handler hangs in this
        process.
        """
        return self._stop.is_set() or self._runners.stuck

    def make(
        self,
        pending: Sequence[Pending],
        lines: ReplayLines,
        *,
        until: float,
        tick: Callable[[], None],
    ) -> list[tuple[str, RunResult]]:
        """Make these runs, and return the results by event once nothing is in progress. `lines` are
        this chunk's.

        None is started after `until`, by the monotonic clock, but the first. `tick` is called again
        and again. Raises what ended a runner.
        """
        self._until, self._begun = until, False
        lanes: defaultdict[LaneKey, list[Pending]] = defaultdict(list)
        for each in pending:
            lanes[lane_key(each.record)].append(each)
        for lane in lanes.values():
            self._runners.submit(partial(self._run, lane, lines))
        results: list[tuple[str, RunResult]] = []
        left = len(lanes)
        while left:
            message = self._message()
            if isinstance(message, Exception):
                raise message
            if isinstance(message, tuple):
                results.append(message)
            elif message is not None:
                left -= 1
            self._runners.enforce_limits()
            tick()
        return results

    def _message(self) -> object:
        try:
            return self._messages.get(timeout=_TICK_SECONDS)
        except Empty:
            return None

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
        self._messages.put(_LANE_ENDED)

    def _tell(self, pending: Pending, result: RunResult) -> None:
        self._messages.put((pending.record.id, replace(result, replay=self._name)))

    def _ended(
        self, pending: Pending, lines: ReplayLines, result: RunResult, *, given_up: bool = False
    ) -> None:
        self._tell(pending, lines.placed(pending.handler, pending.record, result))
        if given_up:  # its thread does not come back
            self._messages.put(_LANE_ENDED)


_LANE_ENDED = object()
