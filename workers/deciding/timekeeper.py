"""The thread that ends sittings whose time is over."""

import threading
import time
from heapq import heappop, heappush
from itertools import count
from math import inf
from weakref import ReferenceType, ref

import structlog

from comethooks.workers.deciding.sitting import Sitting

log = structlog.get_logger()


class Timekeeper:
    """Has sittings give up who is late.

    Most are done long before their time. They are not looked for until then, and are held by who
    asks and who is asked only: a weak reference is all that is left of them here.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._times: list[tuple[float, int, ReferenceType[Sitting]]] = []
        self._numbers = count()
        self._wakes_at = inf
        self._is_closed = False
        threading.Thread(target=self._keep, name="timekeeper", daemon=True).start()

    def watch(self, sitting: Sitting, at: float) -> None:
        """Have a look at `sitting` at this time (monotonic seconds)."""
        with self._changed:
            heappush(self._times, (at, next(self._numbers), ref(sitting)))
            if at < self._wakes_at:
                self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _keep(self) -> None:
        while not self._is_closed:
            for sitting in self._due():
                try:
                    following = sitting.give_up_late(time.monotonic())
                except Exception as error:
                    log.error("a sitting could not be ended", exc_info=error)
                    continue
                if following is not None:
                    self.watch(sitting, following)

    def _due(self) -> list[Sitting]:
        """Wait until a sitting may be due, and give all that are."""
        with self._changed:
            now = time.monotonic()
            self._wakes_at = self._times[0][0] if self._times else inf
            if self._wakes_at > now and not self._is_closed:
                self._changed.wait(None if self._wakes_at == inf else self._wakes_at - now)
                now = time.monotonic()
            due = []
            while self._times and self._times[0][0] <= now:
                sitting = heappop(self._times)[2]()
                if sitting is not None and not sitting.is_done:
                    due.append(sitting)
            return due
