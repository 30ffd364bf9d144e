"""What a worker sees of its work-horse without asking it: memory that both have, made before the
fork.

The work-horse counts a pulse in it about once a second, and notes for each of its runners which run
is in progress there. C code that holds Python's lock stops the pulse, as does a SIGSTOP; then no
thread of the work-horse can do anything about it, and the worker does. After a death the worker
reads which runs were in progress: the others are not why.
"""

import mmap
import threading
from collections.abc import Callable
from contextvars import ContextVar

PULSE_SECONDS = 1.0
STILL_SECONDS = 10.0
"""After so long without a pulse a process is killed, later where others keep it from going on. Its
leases last a little longer: whoever takes its partitions over then knows how it ended."""
STILL_ENDING = f"no sign of life for {STILL_SECONDS:g} s"
"""How a process ended that was killed for that, in the words of `processes.ending`."""
_LONGEST_LOOK_SECONDS = 2.0
_OTHERS_SHARE = 5.0
"""A busy process that has had so much less CPU than time went by has had all of that time: others
are busy, too. It is killed after two seconds of CPU at the earliest, in which the threads of one
that is well would have taken turns many times."""
_PULSE_BYTES = 8
_HEAD_BYTES = _PULSE_BYTES + 1
"""The pulse, and whether the process has come to its end."""
_SLOT_BYTES = 256
_LONGEST_CHARACTER = 3
"""Bytes that may be left of one at the end of what was cut."""


def run_name(event_id: str, handler: str) -> str:
    """By what a run is known in here. Of a name that is very long, the beginning."""
    return f"{event_id}/{handler}".encode()[: _SLOT_BYTES - 1].decode(errors="ignore")


def is_whole(name: str) -> bool:
    """Whether a name is all of it, and not the beginning of one that is too long."""
    return len(name.encode()) < _SLOT_BYTES - 1 - _LONGEST_CHARACTER


class VitalSigns:
    """The pulse of a process, and the runs in progress in each of so many `runners`."""

    def __init__(self, runners: int) -> None:
        self._runners = runners
        self._memory = mmap.mmap(-1, _HEAD_BYTES + runners * _SLOT_BYTES)

    @property
    def pulse(self) -> int:
        """How often it has beaten; 0 when it has not begun."""
        return int.from_bytes(self._memory[:_PULSE_BYTES], "little")

    def beat(self) -> None:
        """Count the pulse. For one thread."""
        self._memory[:_PULSE_BYTES] = (self.pulse + 1).to_bytes(_PULSE_BYTES, "little")

    @property
    def has_finished(self) -> bool:
        """Whether the process has come to its end: one that somebody ended has not, whatever its
        exit status says.
        """
        return bool(self._memory[_PULSE_BYTES])

    def finish(self) -> None:
        """Note that all is done."""
        self._memory[_PULSE_BYTES] = 1

    def clear(self) -> None:
        """Forget everything, for the next process."""
        self._memory[:] = bytes(len(self._memory))

    def begin(self, runner: int, event_id: str, handler: str) -> None:
        """Note that the runner with this number, counted from 0, is about to call a handler.

        A process that dies while this is being written has not called it. Then what stands there
        is the name of no run, or of one that has ended.
        """
        name = run_name(event_id, handler).encode() + b"\0"
        start = _HEAD_BYTES + runner * _SLOT_BYTES
        self._memory[start : start + len(name)] = name

    def end(self, runner: int) -> None:
        """Note that it came back from it."""
        self._memory[_HEAD_BYTES + runner * _SLOT_BYTES] = 0

    def in_progress(self) -> list[str]:
        """The names of the runs that have begun and not ended."""
        slots = range(_HEAD_BYTES, len(self._memory), _SLOT_BYTES)
        names = (self._memory[slot : slot + _SLOT_BYTES].partition(b"\0")[0] for slot in slots)
        return sorted(name.decode(errors="ignore") for name in names if name)


OF_THIS_PROCESS: ContextVar[VitalSigns | None] = ContextVar("vital signs", default=None)
"""Set in a work-horse by the worker that forked it. RQ passes nothing else to a job."""


class Pulse(threading.Thread):
    """Calls `beat` once a second, for as long as this process can run Python code."""

    def __init__(self, beat: Callable[[], None]) -> None:
        super().__init__(name="pulse", daemon=True)
        self._beat = beat
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until stopped."""
        self._beat()
        while not self._stopped.wait(PULSE_SECONDS):
            self._beat()

    def stop(self) -> None:
        """Beat no more."""
        self._stopped.set()


class Watch:
    """Whether a process stands still, by looking at its pulse again and again.

    It counts the time that the one who looks has seen go by. So a process is not blamed for a time
    in which the whole machine slept, or both were stopped. Nor for one in which it would have gone
    on, but others had the processors: then its CPU time counts.
    """

    def __init__(self, limit: float = STILL_SECONDS) -> None:
        self._limit = limit
        self._pulse = 0
        self._looked_at = 0.0
        self._still = 0.0
        self._busy: float | None = None

    def stands_still(self, pulse: int, now: float, busy: Callable[[], float | None]) -> bool:
        """Whether it has stood still for too long, at `now` (seconds, of a monotonic clock).

        `busy` says how many seconds of CPU it has had by now if it could use more, else None. It is
        asked only of one that seems to stand still.
        """
        if pulse != self._pulse:
            self._pulse, self._still, self._busy = pulse, 0.0, None
        elif pulse:  # before the first it has nothing yet that could stop it
            self._still += min(now - self._looked_at, _LONGEST_LOOK_SECONDS, self._had(busy))
        self._looked_at = now
        return self._still >= self._limit

    def _had(self, busy: Callable[[], float | None]) -> float:
        """How much time it can have had since the last look."""
        if self._still < PULSE_SECONDS:
            return _LONGEST_LOOK_SECONDS
        before, self._busy = self._busy, busy()
        if before is None or self._busy is None:
            return _LONGEST_LOOK_SECONDS
        return (self._busy - before) * _OTHERS_SHARE
