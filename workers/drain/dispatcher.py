"""What runs next, and the marks that say so in Redis.

One thread, the dispatcher, owns the lanes (`workers.drain.lanes`). It alone writes marks, in
groups: while the answers to one group are under way, the next gathers.

The order of every run, and what a crash after each step leaves:

1. The start mark is sent, not awaited. Crash: the run is found started, or not, and is run (again).
2. The handler runs. Crash: the same; it is repeated.
3. The mark with the result is sent. Crash: it arrived, and the run is never repeated; or not, and
   it is.
4. The mark is confirmed. Only then may the lane's next event start, so no later event of a
   conversation has run while an earlier one is still to be repeated.
5. The item is handed back as settled, to be journalled and forgotten.

A run that is found started may be poison, see `workers.drain.poison_runs`. It is marked as alone,
and that is confirmed; crash before: it is found started, and may be poison as before. Then it runs
in a process of its own, beside the others, see `workers.drain.isolated_runs`.

When a partition begins to close, whatever of it has not started is handed back as discarded, and
the start marks of what was handed to a runner and did not run are taken back. Crash before that:
runs that may be poison although they never ran. When a run is given up because its thread hangs,
nothing starts any more, in no lane: its event may have handlers left to do.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue

from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.drain.handover import HandOver
from comethooks.workers.drain.isolated_runs import IsolatedRuns
from comethooks.workers.drain.items import Item
from comethooks.workers.drain.lanes import Lanes, Start
from comethooks.workers.drain.marks import MarkWriter, alone_mark, mark_of, start_mark
from comethooks.workers.drain.ordered import instead_of, put_in_line
from comethooks.workers.handlers.in_line import LineLength
from comethooks.workers.handlers.isolation import Isolation
from comethooks.workers.handlers.runners import Runner, Runners
from comethooks.workers.handlers.unmade import left_out_run
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import event_of
from comethooks.workers.unchanging import unchanging


@unchanging()
class _Ended:
    """A run that ended, or handlers that will not run. `last`: its runner is done with the item."""

    item: Item
    result: RunResult | None
    last: bool
    unrun: Sequence[BoundHandler] = ()


class Dispatcher(threading.Thread):
    """Runs items in their lanes on `runners`, what may be poison in processes of `isolation`, and
    hands each to `settled` when it has ended.

    `before_run` is called before every run and does not return when the leases may be lost. Nothing
    starts while `paused`. `line_length` asks the journal before runs of ordered handlers, see
    `workers.drain.ordered`. What ends the thread goes to `on_failure`; nothing more is settled
    then, and the drainer, `member`, must end.
    """

    def __init__(
        self,
        client: Redis,
        runners: Runners,
        isolation: Isolation,
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
        self._isolated = IsolatedRuns(
            isolation,
            unwanted=lambda item: item.partition.closing or runners.stuck,
            before_run=before_run,
            line_length=line_length,
            told=self._isolated_ended,
        )
        self._lanes = Lanes(len(runners), len(isolation))
        self._handover = HandOver(runners, self._run)
        self.idle = True
        """No run is in progress, and the marks of all that ended are in Redis."""

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
        for end in ended:
            if end.last:
                self._lanes.done(end.item)
        starts = self._lanes.start() if self._may_start() else []
        self.idle = False
        # Starts and ends share one group of marks and one wait for its answers: Redis answers a
        # group as quickly as a mark. What starts here is of other lanes than what ends, since an
        # item leaves its lane only below, once its marks are confirmed.
        for start in starts:
            self._mark_start(marks, start)
        for end in ended:
            self._mark_end(marks, end)
        marks.send()
        # A plain start is not waited for: if its mark is lost, so is the process with its run. One
        # that is to run alone is, since its process is another.
        if ended or any(start.alone for start in starts):
            marks.confirm()
        for start in starts:
            if start.alone:
                self._isolated.add(start)
        self._handover.add([each for each in starts if not each.alone], quick=self._lanes.quick)
        for end in ended:
            if end.last:
                self._settle(self._lanes.leave(end.item))
        self.idle = self._lanes.idle
        return not stopping

    def _gather(self) -> tuple[list[_Ended], bool]:
        """Take all messages there are; wait for one unless something can start. Whether to stop."""
        ended: list[_Ended] = []
        try:
            # All that is there, so that one group of marks tells of as much as possible.
            message = self._next(wait=not (self._may_start() and self._lanes.can_start()))
            while message is not None:
                if isinstance(message, _Ended):
                    ended.append(message)
                elif message:
                    self._lanes.enter(message)
                else:
                    self._settle(self._lanes.discard_closing())
                message = self._inbox.get_nowait()
        except Empty:
            return ended, False
        return ended, True

    def _next(self, *, wait: bool) -> Sequence[Item] | _Ended | None:
        while True:
            try:
                return self._inbox.get(wait, self._handover.patience)
            except Empty:
                if not wait:
                    raise
                self._handover.hurry()

    def _may_start(self) -> bool:
        return not (self._runners.stuck or self._paused())

    def _settle(self, items: Sequence[Item]) -> None:
        for item in items:
            self._settled(item)

    def _mark_start(self, marks: MarkWriter, start: Start) -> None:
        item = start.item
        for handler in start.handlers:
            mark = self._mark_of_start(start, handler)
            marks.add(item.partition.number, item.partition.lease, item.entry, handler.id, mark)

    def _mark_of_start(self, start: Start, handler: BoundHandler) -> bytes:
        died = start.item.deaths.get(handler.id, ())
        if start.alone:
            return alone_mark(self._member, died, now_ms(), handler.version)
        return start_mark(self._member, died) if died else self._start_mark

    def _mark_end(self, marks: MarkWriter, end: _Ended) -> None:
        item = end.item
        place = item.partition.number, item.partition.lease, item.entry
        if end.result is not None:
            started, finished = end.result.started_at, end.result.finished_at
            if started is not None and finished is not None:
                self._lanes.took(finished - started)
            marks.add(*place, end.result.handler, mark_of(end.result))
        for handler in end.unrun:
            item.discarded = True
            if died := item.deaths.get(handler.id):
                # It may still be what an earlier process died of; this one has not even begun it.
                marks.add(*place, handler.id, start_mark("", died, unrun=True))
            else:
                marks.remove(*place, handler.id)

    def _run(self, start: Start, runner: Runner) -> None:
        """In a runner's thread: apply the handlers to the item."""
        item, handlers = start.item, start.handlers
        event = event_of(item.record)
        for position, handler in enumerate(handlers):
            # Between two handlers, too: who asked for the partition waits for no more than one run.
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
            if handler.waits is not None:
                ended(left_out_run(handler, now=now_ms()))
            else:
                runner.execute(handler, event, ended, attempt=attempt)

    def _isolated_ended(
        self, item: Item, result: RunResult | None, unrun: Sequence[BoundHandler] = ()
    ) -> None:
        if result is None:
            self._inbox.put(_Ended(item, None, last=True, unrun=unrun))
        else:
            self._ended(item, (), result)

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
