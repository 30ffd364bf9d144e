"""Isolated runs: each in a process of its own, one at a time, beside everything else.

What may be poison runs so. Whatever it does to its process (a crash, a lock on Python that never
ends) costs nobody anything, and it is known who did it. Here are as many such processes as may be
needed at once; `workers.handlers.isolated_process` is about one of them.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

from comethooks.workers.handlers.isolated_process import Isolated

MOST_ISOLATED = 2
"""How many such processes a process may have."""
_IDLE_SECONDS = 5.0
"""After so long without work a process is ended."""

Work = Callable[[Isolated], Callable[[], None]]
"""What is done with a process. It gives what tells how that went, once the process is free."""


class Isolation:
    """As many processes for isolated runs as may be needed at once, up to `most`, each with a
    thread.

    What ends one of the threads goes to `on_failure`.
    """

    def __init__(
        self,
        make: Callable[[], Isolated],
        on_failure: Callable[[Exception], None],
        *,
        most: int = MOST_ISOLATED,
    ) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Work] = deque()
        """Work that there is no thread for yet."""
        self._threads = [_Thread(number, self, make(), on_failure) for number in range(most)]
        self._idle = list(self._threads)

    def __len__(self) -> int:
        return len(self._threads)

    def start(self) -> None:
        """Start the threads. Processes follow when there is work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all threads, and their processes, once what they are at is done."""
        for thread in self._threads:
            thread.work.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, work: Work) -> None:
        """Have one of the threads do `work`, rather one whose process is there already."""
        with self._lock:
            if not self._idle:
                self._waiting.append(work)
                return
            thread = max(self._idle, key=lambda each: each.isolated.is_running)
            self._idle.remove(thread)
        thread.work.put(work)

    def free(self, thread: "_Thread") -> None:
        """Have a thread do what waits, if anything does."""
        with self._lock:
            if not self._waiting:
                self._idle.append(thread)
                return
            work = self._waiting.popleft()
        thread.work.put(work)


class _Thread(threading.Thread):
    """One thread with its process."""

    def __init__(
        self,
        number: int,
        isolation: Isolation,
        isolated: Isolated,
        on_failure: Callable[[Exception], None],
    ) -> None:
        super().__init__(name=f"isolated-{number}", daemon=True)
        self.work: SimpleQueue[Work | None] = SimpleQueue()
        self.isolated = isolated
        self._isolation = isolation
        self._on_failure = on_failure

    def run(self) -> None:
        """Work until stopped."""
        try:
            while (work := self._next()) is not None:
                tell = work(self.isolated)
                # Before it is told, which may bring the next work: that shall find this process.
                self._isolation.free(self)
                tell()
            self.isolated.close()
        except Exception as error:
            self._on_failure(error)

    def _next(self) -> Work | None:
        try:
            return self.work.get(timeout=_IDLE_SECONDS if self.isolated.is_running else None)
        except Empty:
            self.isolated.close()
            return self.work.get()
