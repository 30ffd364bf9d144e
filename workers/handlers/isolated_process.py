"""One process for isolated runs, seen from the one that it is for: started, told what to run, and
watched.

It is a fresh Python, see `workers.jobs.isolated`: a process with threads, as a drainer is, must not
fork. It is started when it is needed, takes one run after the other, and is ended when there was
none for a while.

Both sides talk over a pair of sockets. The process says when it is ready and how a run ended, and
about once a second that it lives. One that does not is killed, as a work-horse is by its worker,
see `workers.vital_signs`. It ends with the process that it is for, whatever that dies of: the
kernel kills it (on Linux; elsewhere it ends once it has nothing to do).
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, cast

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.processes import busy_seconds, ending
from comethooks.workers.record import Record
from comethooks.workers.vital_signs import STILL_ENDING, STILL_SECONDS, Watch

READY = "ready"
PULSE = "pulse"
BEGUN = "begun"
"""It is about to call the handler: from now on that may be why it dies."""
MISSING = "missing"
"""The handler is not among the plugins that were loaded just now."""
_MODULE = "comethooks.workers.jobs.isolated"
_START_SECONDS = 60.0
_END_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_TAKE_SECONDS = int(STILL_SECONDS)
"""How long it may take nothing of what it is sent."""
_SHORT_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
_ALL_KILLED_SECONDS = 0.25
"""When everything is killed, this process may see the other one die first, but not for so long."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attempting:
    """One attempt at a run, to be made in the other process."""

    handler: str
    record: Record
    attempt: int
    replay: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Attempted:
    """How it ended; the `last` one of a process that a handler hangs in."""

    result: RunResult
    last: bool


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended before the run did: in which way, and since when it ran (ms)."""

    ending: str
    started_at: int


class Isolated:
    """One process for isolated runs, in the environment `environ`. For one thread."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._killed_still = False
        self._next_start = 0.0
        self._pause = _FIRST_PAUSE_SECONDS

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def ready(self, unless: Callable[[], bool]) -> bool:
        """Have a process that can take a run, however often that must be tried; False when it is
        not wanted any more.
        """
        while not unless():
            if self._process is not None and self._process.poll() is not None:
                self._end()  # a thread that a handler has left behind may be why
            if self._process is not None:
                return True
            if time.monotonic() < self._next_start:
                time.sleep(_SHORT_SECONDS)
            elif self._start(unless):
                self._pause = _FIRST_PAUSE_SECONDS
            else:
                self._wait_before_start(self._pause)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        return False

    def run(
        self,
        handler: BoundHandler,
        record: Record,
        *,
        attempt: int,
        replay: str | None = None,
        dry_run: bool = False,
    ) -> RunResult | Died | None:
        """How it ended; None when the process does not know the handler, or ended before it called
        it. It must be `ready`.
        """
        assert self._connection is not None
        try:
            self._connection.send(Attempting(handler.id, record, attempt, replay, dry_run))
        except BlockingIOError:  # what an earlier run has left behind may be why
            self._kill_still()
        except OSError:
            pass  # it has died since: that is read below
        answer = self._answer()
        if answer == BEGUN:
            started_at = now_ms()
            answer = self._answer()
            if answer is None:
                return Died(self._end(), started_at)
            if answer.last:
                self._end()
            return cast(RunResult, answer.result)
        if answer == MISSING:
            log.error("the handler of an isolated run is not loaded any more", handler=handler.id)
        self._end()
        self._wait_before_start(_LONGEST_PAUSE_SECONDS if answer else _FIRST_PAUSE_SECONDS)
        return None

    def close(self) -> None:
        """End the process, which has nothing to do."""
        if self._process is not None:
            self._end()

    def _wait_before_start(self, seconds: float) -> None:
        self._next_start = time.monotonic() + seconds

    def _start(self, unless: Callable[[], bool]) -> bool:
        ours, theirs = socket.socketpair()
        # A process that stands still takes no more than there is room for in between.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", _TAKE_SECONDS, 0))
        # Nothing of ours is to go there but what is named here.
        command = [sys.executable, "-P", "-m", _MODULE, str(theirs.fileno()), str(os.getpid())]
        try:
            self._process = subprocess.Popen(
                command,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        except OSError as error:
            ours.close()
            log.error("no process for isolated runs", reason=str(error))
            return False
        finally:
            theirs.close()
        self._connection = Connection(ours.detach())
        self._killed_still = False
        began = time.monotonic()
        if self._answer(lambda: unless() or time.monotonic() > began + _START_SECONDS) == READY:
            return True
        how = self._end(kill=True)
        if not unless():
            log.error("no process for isolated runs", ending=how)
        return False

    def _answer(self, unless: Callable[[], bool] | None = None) -> Any:
        """What it says; None when it ends instead, or when that is not waited for any more."""
        assert self._process is not None
        assert self._connection is not None
        # While it starts it cannot say anything yet.
        watch, pulse = Watch(), int(unless is None)
        while unless is None or not unless():
            # First whether it has ended, then what it had said by then.
            ended = self._process.poll() is not None
            try:
                while self._connection.poll(0.0 if ended else _LOOK_SECONDS):
                    said = self._connection.recv()
                    if said != PULSE:
                        return said
                    pulse += 1
            except (EOFError, OSError):
                return None
            if ended:
                return None
            busy = partial(busy_seconds, self._process.pid)
            if watch.stands_still(pulse, time.monotonic(), busy):
                self._kill_still()
        return None

    def _kill_still(self) -> None:
        assert self._process is not None
        self._killed_still = True
        log.error(
            "the process of an isolated run is killed, since it stands still",
            pid=self._process.pid,
            seconds=STILL_SECONDS,
        )
        self._process.kill()

    def _end(self, *, kill: bool = False) -> str:
        """Wait for its end, and say how it ended."""
        assert self._process is not None
        assert self._connection is not None
        self._connection.close()
        if kill:
            self._process.kill()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        code = self._process.returncode
        self._process = self._connection = None
        if code == -signal.SIGKILL and not self._killed_still:
            time.sleep(_ALL_KILLED_SECONDS)
        if self._killed_still:
            return STILL_ENDING
        return ending(-code if code < 0 else code << 8)
