"""What runs next, and the marks that say so in Redis.

One thread, the dispatcher, owns the lanes: events with the same ordering key stand in one lane and
run one after the other; lanes run side by side, as many as there are runner threads. It alone
writes marks, in groups: while one group's answers are under way, the next gathers.

The order of every run, and what a crash after each step leaves:

1. The start mark is sent, not awaited. Crash: the run is found started, or not, and is run (again).
2. The handler runs. Crash: the same; it is repeated.
3. The mark with the result is sent. Crash: it arrived, and the run is never repeated; or not, and
   it is.
4. The mark is confirmed. Only then may the lane's next event start, so no later event of a
   conversation has run while an earlier one is still to be repeated.
5. The item is handed back as settled, to be journalled and forgotten.

A run that is found started may be a suspect, see `workers.drain.poison_runs`. It starts when
nothing else is in progress, and nothing else starts while it runs:

1. It is marked as a suspect, and that is confirmed. Crash before: it is found started, and is a
   suspect again.
2. The handler runs, alone. Crash: it is found as a suspect and judged, see
   `workers.drain.poison_runs`.
3. From here on it is a run like any other.

When a partition begins to close, whatever of it has not started is handed back as discarded, and
the start marks of what was handed to a runner and did not run are taken back. Crash before that:
innocent suspects. When a run is given up because its thread hangs, nothing starts any more, in no
lane: its event may have handlers left to do.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue

from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.drain.items import Item
from comethooks.workers.drain.marks import MarkWriter, mark_of, start_mark, suspect_mark
from comethooks.workers.drain.ordered import instead_of, put_in_line
from comethooks.workers.handlers.in_line import LineLength
from comethooks.workers.handlers.run import event_of
from comethooks.workers.handlers.runners import Runner, Runners
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler

STARTED_PER_RUNNER = 4
"""Items handed to the runners, each: one that runs, and some so that it need not wait for Redis in
between."""
SLOW_MS = 20.0
"""Where runs take so long, that wait is nothing: each runner has one item, and fewer are suspects
after a crash."""
_OF_LATE = 16


@dataclass(frozen=True, slots=True)
class _Start:
    """Handlers that a runner is to apply to an item, one after the other."""

    item: Item
    handlers: Sequence[BoundHandler]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that ended, or handlers that are not going to run; `last` when the runner has done with
    the item.
    """

    item: Item
    result: RunResult | None
    last: bool
    unrun: Sequence[BoundHandler] = ()


class Dispatcher(threading.Thread):
    """Runs items in their lanes on `runners`, and hands each to `settled` when it has ended.

    `before_run` is called before every run and does not return when the leases may be lost. Nothing
    starts while `paused`. `line_length` asks the journal before runs of ordered handlers, see
    `workers.drain.ordered`. What ends the thread goes to `on_failure`; nothing more is settled
    then, and the drainer, `member`, must end.
    """

    def __init__(
        self,
        client: Redis,
        runners: Runners,
        *,
        member: str,
        before_run: Callable[[], None],
        paused: Callable[[], bool],
        settled: Callable[[Item], None],
        line_length: LineLength,
        on_failure: Callable[[Exception], None],
    ) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._client = client
        self._runners = runners
        self._member = member
        self._start_mark = start_mark(member)
        self._before_run = before_run
        self._paused = paused
        self._settled = settled
        self._line_length = line_length
        self._on_failure = on_failure
        self._inbox: SimpleQueue[Sequence[Item] | _Ended | None] = SimpleQueue()
        self._lanes: dict[tuple[str | None, str], deque[Item]] = {}
        self._ready: deque[Item] = deque()
        self._alone: deque[Item] = deque()
        """Heads of lanes that have suspects."""
        self._undisturbed = False
        """What was started last is a suspect."""
        self.idle = True
        """No run is in progress, and the marks of all that ended are in Redis."""
        self._in_progress = 0
        self._typical_ms = 0.0
        """How long runs took of late."""

    def add(self, items: Sequence[Item]) -> None:
        """Take items over, in the order of their entries. Each has at least one handler to do."""
        self._inbox.put(items)

    def look_again(self) -> None:
        """Tell it that a partition closes, or that the pause may be over."""
        self._inbox.put(())

    def stop(self) -> None:
        """End the thread. Nothing may be in progress."""
        self._inbox.put(None)

    def run(self) -> None:
        """Work until stopped or until the connection fails."""
        try:
            marks = MarkWriter(self._client)
            while self._step(marks):
                pass
        except Exception as error:
            self._on_failure(error)

    def _step(self, marks: MarkWriter) -> bool:
        ended, stopping = self._gather()
        self._in_progress -= sum(end.last for end in ended)
        starts = self._startable()
        self._in_progress += len(starts)
        self.idle = False
        for start in starts:
            self._mark_start(marks, start)
        for end in ended:
            self._mark_end(marks, end)
        marks.send()
        if ended or any(start.alone for start in starts):
            marks.confirm()
        for start in starts:
            self._runners.submit(partial(self._run, start))
        for end in ended:
            if end.last:
                self._leave_lane(end.item)
        self.idle = not self._in_progress
        return not stopping

    def _gather(self) -> tuple[list[_Ended], bool]:
        """Take all messages there are; wait for one unless something can start. Whether to stop."""
        ended: list[_Ended] = []
        try:
            message = self._inbox.get(block=not self._can_start())
            while message is not None:
                if isinstance(message, _Ended):
                    ended.append(message)
                elif message:
                    self._enter_lanes(message)
                else:
                    self._discard_closing()
                message = self._inbox.get_nowait()
        except Empty:
            return ended, False
        return ended, True

    def _enter_lanes(self, items: Sequence[Item]) -> None:
        """Put each item at the end of its lane; the first of a lane is ready."""
        for item in items:
            waiting = self._lanes.get(item.lane)
            if waiting is None:
                self._lanes[item.lane] = deque()
                self._stand_ready(item)
            else:
                waiting.append(item)

    def _stand_ready(self, item: Item) -> None:
        (self._alone if item.suspects else self._ready).append(item)

    def _leave_lane(self, item: Item) -> None:
        """Hand a finished item back; the next of its lane is ready."""
        closing = item.partition.closing
        if item.todo and not item.discarded and not closing:
            self._alone.appendleft(item)  # its next handler
            return
        item.discarded = item.discarded or bool(item.todo)
        self._settled(item)
        waiting = self._lanes[item.lane]
        if closing:
            for behind in waiting:
                behind.discarded = True
                self._settled(behind)
            waiting.clear()
        if waiting:
            self._stand_ready(waiting.popleft())
        else:
            del self._lanes[item.lane]

    def _discard_closing(self) -> None:
        """Hand back what is ready and never going to start."""
        for queue in (self._ready, self._alone):
            for item in [item for item in queue if item.partition.closing]:
                queue.remove(item)
                item.discarded = True
                self._leave_lane(item)

    def _can_start(self) -> bool:
        if self._runners.stuck or self._paused():
            return False
        if self._alone or self._undisturbed:
            return not self._in_progress and bool(self._alone or self._ready)
        return bool(self._ready) and self._in_progress < self._most_in_progress()

    def _most_in_progress(self) -> int:
        return len(self._runners) * (STARTED_PER_RUNNER if self._typical_ms < SLOW_MS else 1)

    def _startable(self) -> list[_Start]:
        """What starts now: a suspect once nothing else is in progress, else as much as the runners
        may have.
        """
        if not self._can_start():
            return []
        self._undisturbed = bool(self._alone)
        if self._alone:
            item = self._alone.popleft()
            first, item.todo = item.todo[:1], item.todo[1:]
            return [_Start(item, first, alone=True)]
        starts: list[_Start] = []
        most = self._most_in_progress()
        while self._ready and self._in_progress + len(starts) < most:
            item = self._ready.popleft()
            starts.append(_Start(item, item.todo))
            item.todo = ()
        return starts

    def _mark_start(self, marks: MarkWriter, start: _Start) -> None:
        item = start.item
        for handler in start.handlers:
            mark = self._mark_of_start(item, handler)
            marks.add(item.partition.number, item.partition.lease, item.entry, handler.id, mark)

    def _mark_of_start(self, item: Item, handler: BoundHandler) -> bytes:
        died = item.deaths.get(handler.id, ())
        if handler.id in item.suspects:
            return suspect_mark(self._member, died, now_ms(), handler.version)
        return start_mark(self._member, died) if died else self._start_mark

    def _mark_end(self, marks: MarkWriter, end: _Ended) -> None:
        item = end.item
        place = item.partition.number, item.partition.lease, item.entry
        if end.result is not None:
            started, finished = end.result.started_at, end.result.finished_at
            if started is not None and finished is not None:
                self._typical_ms += (finished - started - self._typical_ms) / _OF_LATE
            marks.add(*place, end.result.handler, mark_of(end.result))
        for handler in end.unrun:
            item.discarded = True
            if died := item.deaths.get(handler.id):
                # An earlier process may have died of it, and nobody of this: it has not even begun.
                marks.add(*place, handler.id, start_mark("", died, unrun=True))
            else:
                marks.remove(*place, handler.id)

    def _run(self, start: _Start, runner: Runner) -> None:
        """In a runner's thread: apply the handlers to the item."""
        item, handlers = start.item, start.handlers
        event = event_of(item.record)
        for position, handler in enumerate(handlers):
            if item.partition.closing or self._runners.stuck:
                self._inbox.put(_Ended(item, None, last=True, unrun=handlers[position:]))
                return
            self._before_run()
            died = item.deaths.get(handler.id)
            attempt = 1 + died[-1].number if died else 1
            ended = partial(self._ended, item, handlers[position + 1 :])
            if handler.ordered:
                if instead := instead_of(handler, item, self._line_length):
                    ended(instead)
                    continue
                ended = partial(self._ordered_ended, item, handlers[position + 1 :])
            runner.execute(handler, event, ended, attempt=attempt)

    def _ordered_ended(
        self, item: Item, rest: Sequence[BoundHandler], result: RunResult, *, given_up: bool = False
    ) -> None:
        self._ended(item, rest, put_in_line(item, result), given_up=given_up)

    def _ended(
        self, item: Item, rest: Sequence[BoundHandler], result: RunResult, *, given_up: bool = False
    ) -> None:
        if item.deaths and result.attempts:  # what waits in a line is counted from there on
            result = replace(result, earlier=item.deaths.get(result.handler, ()))
        item.results.append(result)
        last = given_up or not rest
        self._inbox.put(_Ended(item, result, last, unrun=rest if given_up else ()))
