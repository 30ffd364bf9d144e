"""A worker's look at its work-horse: it waits for its end, kills it when it stands still, and knows
afterwards how it ended and what it was at.

A handler may hold Python's lock in C code, as a regular expression does that tries every way to
fail, and a work-horse may be stopped. Then nothing in it can act, neither the time limit of the
handler nor the keeper of the leases. The worker can: see `workers.vital_signs`.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog

from comethooks.workers.processes import busy_seconds, ending
from comethooks.workers.vital_signs import STILL_ENDING, STILL_SECONDS, VitalSigns, Watch

LOOK_SECONDS = 0.5
"""How often a worker looks whether its work-horse lives."""
_SHORT_SECONDS = 0.05

log = structlog.get_logger()


class HorseWatch:
    """Of one worker, whose work-horses have so many `runners`."""

    def __init__(self, runners: int) -> None:
        self.signs = VitalSigns(runners)
        self._watch = Watch()
        self._killed = False

    def begin(self) -> None:
        """The next work-horse is about to be forked."""
        self.signs.clear()
        self._watch = Watch()
        self._killed = False

    def wait(self, pid: int) -> tuple[int | None, int | None, Any]:
        """What `os.wait4` says of the work-horse once it has ended; nothing when it was waited for
        before. A signal handler may raise out of this, and then it can be called again.
        """
        with _child_signal_blocked(), contextlib.suppress(ChildProcessError):
            while True:
                found, wait_status, usage = os.wait4(pid, os.WNOHANG)
                if found:
                    return found, wait_status, usage
                busy = partial(busy_seconds, pid)
                if self._watch.stands_still(self.signs.pulse, time.monotonic(), busy):
                    self._kill(pid)
                _wait_for_child(LOOK_SECONDS)
        return None, None, None

    def how_ended(self, wait_status: int | None) -> str | None:
        """How it ended, in the words of `ending`; None when nobody saw that."""
        if wait_status is None:
            return None
        return STILL_ENDING if self._killed else ending(wait_status)

    def in_progress(self) -> list[str] | None:
        """The runs that it was at, by their names in `workers.vital_signs`. None when that is not
        known: it had not begun, and may have died of what it loaded.
        """
        return self.signs.in_progress() if self.signs.pulse else None

    def _kill(self, pid: int) -> None:
        if not self._killed:
            log.error(
                "work-horse killed, since it stands still",
                pid=pid,
                seconds=STILL_SECONDS,
                in_progress=self.signs.in_progress(),
            )
        self._killed = True
        os.kill(pid, signal.SIGKILL)  # nobody has waited for it, so it is there


@contextmanager
def _child_signal_blocked() -> Iterator[None]:
    # Blocked it is kept until it is waited for, also when the child has ended already.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _wait_for_child(seconds: float) -> None:
    """Wait until a child ends, but not longer than so many seconds."""
    if sys.platform == "darwin":  # it does not have the call
        time.sleep(_SHORT_SECONDS)
    else:
        signal.sigtimedwait({signal.SIGCHLD}, seconds)
