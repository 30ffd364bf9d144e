"""Keeping child processes alive: start them, bring back what dies, stop them in order."""

import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from comethooks.workers.processes import RELOAD, StopFlag, end_with_parent, kill_session
from comethooks.workers.supervision.forking import Forked

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
STEADY_SECONDS = 10.0
"""A child that lived so long, in seconds, is brought back after the shortest pause again."""
TICK_SECONDS = 0.25
_PAUSED_SECONDS = 0.05
"""How often to look while a child waits to be brought back."""

log = structlog.get_logger()


class Process(Protocol):
    """A child, as `subprocess.Popen` has it."""

    pid: int
    returncode: int | Any

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it runs."""

    def terminate(self) -> None:
        """Send it a SIGTERM, if it runs."""


@dataclass(slots=True)
class Child:
    """A program that should always be running."""

    name: str
    command: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    cwd: str | None = None
    output: int | None = None
    """Where its standard output goes; None: where ours does."""
    stop_seconds: float = 60.0
    """How long it may take to stop before it is killed."""
    niceness: int = 0
    """How far it stands behind the others when there are not enough cores for all."""
    reload_signal: signal.Signals = RELOAD
    """What asks it to load the plugins again."""
    process: "Process | None" = None
    _started: float = field(default=0.0, repr=False)
    _pause: float = field(default=FIRST_PAUSE_SECONDS, repr=False)
    _due: float = field(default=0.0, repr=False)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self._started = time.monotonic()
        self.process = self._launch()

    def _launch(self) -> "Process":
        return subprocess.Popen(
            self.command,
            env=None if self.environment is None else dict(self.environment),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            start_new_session=True,
            preexec_fn=functools.partial(_prepare, os.getpid(), self.niceness),
        )

    def revive(self) -> None:
        """Bring it back if it has died, after a pause that grows while it keeps dying."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        # The pause is waited out over several calls: the others must be looked after meanwhile.
        if not self._due:
            if now - self._started > STEADY_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            log.warning(
                "process died", name=self.name, pid=self.process.pid, status=self.process.returncode
            )
            self._due = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        if now >= self._due:
            self._due = 0.0
            self.start()

    @property
    def is_due(self) -> bool:
        """Whether it has died, and is about to be brought back."""
        return self._due > 0

    def stop(self) -> None:
        """Ask it to stop, wait, and kill it, with all that it started, if it does not."""
        stop_together([self])

    def reload(self) -> None:
        """Ask it to load the plugins again. A child that does not listen for this yet has loaded
        none yet, and ignores it.
        """
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.reload_signal)

    def _ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def _end_by(self, deadline: float) -> None:
        """Wait for its end until a time of the monotonic clock, then kill its whole session."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error(
                "process killed, since it did not stop", name=self.name, seconds=self.stop_seconds
            )
            # Not its process group: a work-horse has one of its own.
            kill_session(self.process.pid)
            self.process.wait()


@dataclass(slots=True)
class ForkedChild(Child):
    """A function that should always be running, in a process forked from this one."""

    function: Callable[[], int] = field(kw_only=True)

    def _launch(self) -> Process:
        supervisor = os.getpid()

        def run() -> int:
            _prepare(supervisor, self.niceness)
            return self.function()

        return Forked(run, name=self.name)


def _prepare(supervisor: int, niceness: int) -> None:
    """In the child, before it becomes the program."""
    end_with_parent(supervisor)
    signal.signal(RELOAD, signal.SIG_IGN)
    if niceness:
        os.nice(niceness)


def supervise(
    children: Sequence[Child],
    stop: StopFlag,
    *,
    on_tick: Callable[[], object] = lambda: None,
) -> None:
    """Keep `children` running until `stop` is set. `on_tick` is called a few times a second.

    A child that dies is noticed at once where SIGCHLD wakes `stop`.
    """
    seconds = 0.0
    while not stop.wait(seconds):
        for child in children:
            child.revive()
        on_tick()
        seconds = _PAUSED_SECONDS if any(child.is_due for child in children) else TICK_SECONDS


def stop_together(children: Sequence[Child]) -> None:
    """Ask all to stop at once, then wait for each until its time, from the asking, is over."""
    asked = time.monotonic()
    for child in children:
        child._ask_to_stop()
    for child in children:
        child._end_by(asked + child.stop_seconds)
