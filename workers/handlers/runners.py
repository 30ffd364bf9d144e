"""Threads that run handlers, each run within its time limit.

A run that takes too long gets a `HandlerTimeoutError` raised in its thread, which ends Python code
and tells where it was. A thread that waits in C (a socket without a time-out, a lock) does not
notice: after two more seconds the run is given up, its end is told in its place, and `stuck` says
that this process has a thread that nobody can end. The process then has to finish what else is in
progress, and go.
"""

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from queue import SimpleQueue
from typing import Protocol

import structlog

from comethooks.schemas import Event
from comethooks.workers.handlers.effects import Effects
from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.run import HandlerTimeoutError, execute, failed
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.vital_signs import VitalSigns

GRACE_SECONDS = 2.0
"""How long a thread may take to end after the exception was raised in it."""


class Ended(Protocol):
    """Told of every run exactly once: how it ended, and whether its thread is `given_up`."""

    def __call__(self, result: RunResult, *, given_up: bool = False) -> None:
        """Take the news, in the run's thread or, `given_up`, in the one that enforces limits."""


log = structlog.get_logger()

Work = Callable[["Runner"], None]
"""What a runner does: it calls `runner.execute`, once for each run."""


@dataclass(slots=True, eq=False)
class _Call:
    handler: BoundHandler
    attempt: int
    ended: Ended
    started_at: int
    effects: Effects
    limit: float
    """Monotonic time, seconds: first of the run, then of its thread."""
    interrupted: bool = False


class _GivenUpError(BaseException):
    """The run was given up while it ran on: the thread that comes back has nothing more to say."""


class Runner(threading.Thread):
    """One thread, and the run that it is at."""

    def __init__(
        self,
        number: int,
        work: "SimpleQueue[Work | None]",
        on_failure: Callable[[Exception], None],
        on_timeout: Callable[[str], None],
        services: Services,
        signs: VitalSigns,
    ) -> None:
        super().__init__(name=f"runner-{number}", daemon=True)
        self._number = number
        self._signs = signs
        self._work = work
        self._on_failure = on_failure
        self._on_timeout = on_timeout
        self._services = services
        self._lock = threading.Lock()
        self._call: _Call | None = None

    def run(self) -> None:
        """Work until told to stop."""
        while (work := self._work.get()) is not None:
            try:
                work(self)
            except _GivenUpError:
                return
            except BaseException as error:
                self._on_failure(RuntimeError(f"a runner ended: {type(error).__qualname__}"))
                return

    def execute(
        self,
        handler: BoundHandler,
        event: Event,
        ended: Ended,
        *,
        attempt: int = 1,
        dry_run: bool = False,
    ) -> None:
        """Run `handler` once, and tell `ended` how it ended."""
        effects, services = Effects(handler.config), self._services
        clock = services.clock
        call = _Call(handler, attempt, ended, clock(), effects, time.monotonic() + handler.timeout)
        try:
            self._call = call
            self._signs.begin(self._number, event.id, handler.id)
            result = execute(
                handler,
                event,
                services,
                attempt=attempt,
                dry_run=dry_run,
                effects=effects,
            )
            self._finish(call)
        except HandlerTimeoutError as error:  # it arrived when the handler had just ended
            result = failed(
                handler, error, attempt=attempt, started_at=call.started_at, finished_at=clock()
            )
            result = replace(result, effects=effects.lines)
            self._finish(call)
        ended(result)

    def _finish(self, call: _Call) -> None:
        """The run is over: from here on nothing is raised in this thread.

        The exception may arrive at any line of this but the last; it can then be called again.
        """
        with self._lock:
            if self._call is not call:
                raise _GivenUpError
            if call.interrupted:
                _raise_in(self.ident, None)
            self._signs.end(self._number)
            self._call = None

    def enforce(self, now: float) -> Callable[[], None] | None:
        """Interrupt the run if it takes too long. When that has not helped: what tells that it is
        given up.
        """
        call = self._call
        if call is None or now < call.limit:
            return None
        with self._lock:
            if self._call is not call:
                return None
            hangs = call.interrupted
            if hangs:
                self._call = None
            else:
                call.interrupted, call.limit = True, now + GRACE_SECONDS
                _raise_in(self.ident, HandlerTimeoutError)
        if not hangs:
            self._on_timeout(call.handler.id)
            return None
        log.error(
            "a handler hangs; its process will be replaced",
            handler=call.handler.id,
            attempt=call.attempt,
        )
        # What was raised is not taken back: a thread that returns from C ends there, and does no
        # more in the name of a run that was given up. Until then it costs the others nothing.
        result = failed(
            call.handler,
            HandlerTimeoutError(),
            attempt=call.attempt,
            started_at=call.started_at,
            finished_at=self._services.clock(),
            stack=sys._current_frames().get(self.ident or 0),
        )
        return partial(call.ended, replace(result, effects=call.effects.lines), given_up=True)


class Runners:
    """As many runners as `threads`.

    What ends one of them goes to `on_failure`, the id of every handler that is interrupted to
    `on_timeout`. Which run each is at is noted in `signs`, which have room for as many.
    """

    def __init__(
        self,
        threads: int,
        services: Services,
        *,
        on_failure: Callable[[Exception], None],
        on_timeout: Callable[[str], None] = lambda handler: None,
        signs: VitalSigns | None = None,
    ) -> None:
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._on_failure = on_failure
        self._on_timeout = on_timeout
        self._services = services
        self._signs = signs or VitalSigns(threads)
        self._runners = [self._runner(number) for number in range(threads)]
        self.stuck = False
        """A thread of this process hangs in a handler, and only the end of the process ends it."""

    def __len__(self) -> int:
        return len(self._runners)

    def start(self) -> None:
        """Start all threads."""
        for runner in self._runners:
            runner.start()

    def stop(self) -> None:
        """End all threads that do not hang, once what waits is done."""
        for _ in self._runners:
            self._work.put(None)

    def submit(self, work: Work) -> None:
        """Have one of them do `work`, once those before it are under way."""
        self._work.put(work)

    def enforce_limits(self) -> None:
        """Hold every run to its limit. To be called a few times a second, by one thread."""
        now = time.monotonic()
        for number, runner in enumerate(self._runners):
            if tell := runner.enforce(now):
                self.stuck = True  # before anybody can start what comes next
                # The work that waits is still to be handed back.
                self._runners[number] = self._runner(number)
                self._runners[number].start()
                tell()

    def _runner(self, number: int) -> Runner:
        return Runner(
            number,
            self._work,
            self._on_failure,
            self._on_timeout,
            self._services,
            self._signs,
        )


def _raise_in(thread: int | None, error: type[BaseException] | None) -> None:
    """Raise `error` in a thread once it executes Python code; None takes it back if it has not."""
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread or 0), raised)
