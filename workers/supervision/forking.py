"""Processes that are forked from this one. They have what it has imported, without the second that
importing takes.

Fork only from a process with one thread and without connections: both would be broken in the child.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable

from comethooks.workers.processes import EXIT_FAILED, RELOAD

_PR_SET_NAME = 15
_RELOADING = (RELOAD, signal.SIGHUP)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, *_RELOADING)
_POLL_SECONDS = 0.01


class Forked:
    """A child that calls a function, whose value is its exit code. It answers to the methods of a
    `subprocess.Popen`.
    """

    def __init__(self, function: Callable[[], int], *, name: str) -> None:
        self.returncode: int | None = None
        """Its exit code, or minus the signal that ended it; None while it runs."""
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal that arrives before the child has its own handlers must neither be lost nor run
        # ours.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self.pid = os.fork()
        if not self.pid:
            _be(function, name)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # a signal handler has asked at the same moment, and knows
                return self.returncode
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired` after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired([], timeout or 0.0)
            time.sleep(_POLL_SECONDS)
        return code

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Send it a SIGTERM, if it runs."""
        self.send_signal(signal.SIGTERM)


def _be(function: Callable[[], int], name: str) -> None:
    """The child, from the fork to its end."""
    code: object = EXIT_FAILED
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _call_it(name)
        for signum in (*_SIGNALS, signal.SIGCHLD):
            # A child that does not listen for it yet has loaded no plugin yet.
            signal.signal(signum, signal.SIG_IGN if signum in _RELOADING else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        code = function()
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
    finally:
        # Whatever happens here, the child must not go on as its parent.
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _call_it(name: str) -> None:
    """The name that `ps` and `top` show (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
