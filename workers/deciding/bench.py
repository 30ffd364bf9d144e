"""The threads that a decider may use, and how it stands.

Each decider has its own, so that one that hangs takes none of another's. They are daemons: nobody
can end a thread, and a process must be able to stop. A thread is started by another one that has
just taken the last call there was a thread for, and never by who submits calls: that is the loop in
which a web process takes its requests, and starting a thread takes longer than all else there.
"""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

import structlog

from comethooks.workers.deciding.combining import Fault, Opinion
from comethooks.workers.deciding.resting import MOST_OVERDUE, REST_SECONDS, DeciderHealth
from comethooks.workers.plugins.loaded import BoundDecider

log = structlog.get_logger()

MOST_THREADS = 2 * MOST_OVERDUE
"""Of a decider. As many as may be overdue are left when it is sent to rest."""
_WELL = DeciderHealth()


class Servable(Protocol):
    """A question to the decider of a bench."""

    def serve(self) -> None:
        """Ask it, and tell who waits."""


class Bench:
    """A decider with the threads that it may use. `clock` tells monotonic seconds."""

    def __init__(self, bound: BoundDecider, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.bound = bound
        self._clock = clock
        self._calls: SimpleQueue[Servable | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0
        self._health = _WELL
        self._grow()

    @property
    def health(self) -> DeciderHealth:
        """How the decider does."""
        return self._health

    def admits(self) -> bool:
        """Whether the decider is to be asked now. Who gets a yes has to tell how that ends."""
        if self._health == _WELL:
            return True
        now = self._clock()
        with self._lock:
            if self._health.rests(now):
                return False
            self._health = self._health.when_asked(now)
        return True

    def submit(self, call: Servable) -> None:
        """Have a thread ask the decider; waits for nothing."""
        self._calls.put(call)
        if not self._threads:  # none could be started so far
            self._grow()

    def heard(self, opinion: Opinion | None, *, began: bool) -> bool:
        """Learn what became of a question: an opinion, or None when the filters left the message
        out. `began` says whether a thread had begun with it.

        Gives whether that is a failure to tell of. Once it rests, those of the calls that were
        under way are not: there may be thousands.
        """
        failure = opinion.failure if opinion is not None else None
        if failure is not None:
            if failure.fault is Fault.RESTS:
                return False
            return self._failed(goes_on=began and failure.fault is Fault.LATE)
        if self._health.failures:
            with self._lock:
                if opinion is None:
                    self._health = self._health.after_nothing(self._clock())
                else:
                    self._health = self._health.after_success()
        return False

    def _failed(self, *, goes_on: bool) -> bool:
        now = self._clock()
        with self._lock:
            before = self._health
            self._health = health = before.after_failure(now, goes_on=goes_on)
        was_asked = before.on_trial or not before.rests(now)
        if was_asked and health.rests(now):
            facts = {"failures": health.failures, "overdue": health.overdue}
            log.warning("decider rests", decider=self.bound.id, seconds=REST_SECONDS, **facts)
        return was_asked

    def came_back(self) -> None:
        """A call that was overdue has ended."""
        with self._lock:
            self._health = self._health.after_coming_back()

    def close(self) -> None:
        """Let its threads end when they are done with what they have."""
        with self._lock:
            threads, self._threads = self._threads, MOST_THREADS
        for _ in range(threads):
            self._calls.put(None)

    def _grow(self) -> None:
        """Start another thread, unless one is idle or there are enough."""
        with self._lock:
            if self._idle or self._threads >= MOST_THREADS:
                return
            self._threads += 1
            self._idle += 1
            name = f"{self.bound.id}-{self._threads}"
        try:
            threading.Thread(target=self._work, name=name, daemon=True).start()
        except RuntimeError:  # the system has none left; those that there are go on
            with self._lock:
                self._threads -= 1
                self._idle -= 1

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            with self._lock:
                self._idle -= 1
                alone = not self._idle
            if alone:
                self._grow()
            try:
                call.serve()
            except BaseException as error:
                log.error("a call of a decider was lost", decider=self.bound.id, exc_info=error)
            del call  # or it would be held until the next one comes
            with self._lock:
                self._idle += 1
