"""Processes of `comethooks` that need not import first, which takes longer than most of what they
do in a test: they are forked from a server, which has imported and does nothing but fork.

The server is executed by this process, has one thread and no connection, and ends with this
process, as does what it has forked. It has imported what the command would import next in any case,
but for what looks at the environment meanwhile. What it forks gets a session, a folder, an
environment, a umask and files of its own, goes on as `python -m comethooks.cli` does, and ends as
the interpreter does.

Two things give it away: the kernel shows the command line and the environment of the server; and
what an interpreter reads when it starts, as `PYTHONPATH`, it read then. A process that shall have
other values of these is executed, and so is one whose start is what the test is about (`anew`).
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from comethooks.workers.supervision.supervisor import Process as Child
from tests import process_server
from tests.process_server import LARGEST_ANSWER, PROGRAM

RECEIVING = (
    "comethooks.cli.services.parts",
    "comethooks.webhooks.decisions.web_deciders",
    "comethooks.webhooks.decisions.web_plugins",
    "comethooks.webhooks.health",
    "comethooks.webhooks.interactions.cross_origin",
    "comethooks.webhooks.moderation.questions",
    "comethooks.webhooks.receiving",
    "comethooks.webhooks.spooling.emptying_thread",
    "comethooks.webhooks.spooling.spool_road",
)
"""What a web process is made of. gunicorn and prometheus-client are not among it: they look at the
environment when they are imported."""
WORKING = (
    "comethooks.workers.interactions.goals_plugin",
    "comethooks.workers.jobs.attempts",
    "comethooks.workers.jobs.chunks",
    "comethooks.workers.jobs.draining",
    "comethooks.workers.supervision.scheduler",
    "comethooks.workers.supervision.worker",
)
"""What `comethooks worker` imports before it forks, and most of which other commands do."""

_AT_START = ("GLIBC_", "LANG", "LC_", "LD_", "MALLOC_", "PYTHON", "TZ")
"""How the variables are called that are read before any code of ours is executed."""
_SECONDS_TO_IMPORT = 60.0


class Process(Child, Protocol):
    """What a test has started, as `subprocess.Popen` has it."""

    def kill(self) -> None:
        """Send it a SIGKILL, if it runs."""


def start(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    stdout: IO[Any],
    stderr: IO[Any],
    anew: bool = False,
    safe_path: bool = False,
) -> Process:
    """Start `python -m comethooks.cli` (`python -P -m` with `safe_path`) in a session of its own,
    with nothing to read. `anew` has it executed. What an interpreter reads at its start is as in
    this process, where `environ` does not say otherwise.
    """
    here = {name: value for name, value in os.environ.items() if name.startswith(_AT_START)}
    environ = {**here, **environ}
    differs = any(environ[name] != here.get(name) for name in environ if name.startswith(_AT_START))
    if anew or differs or sys.platform != "linux":
        return subprocess.Popen(
            [sys.executable, *(["-P"] if safe_path else []), "-m", PROGRAM, *arguments],
            env=environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    umask = os.umask(0o077)
    os.umask(umask)
    request = [[*arguments], environ, os.fspath(cwd), umask, safe_path]
    return _server("web" in arguments).fork(request, [stdout.fileno(), stderr.fileno()])


def run(
    arguments: Sequence[str], *, seconds: float, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Start it as `start` does, and wait for its end. Raises `subprocess.TimeoutExpired`."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = start(arguments, stdout=stdout, stderr=stderr, **how)
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
            process.wait()
        for file in (stdout, stderr):
            file.seek(0)
        return subprocess.CompletedProcess(arguments, code, stdout.read(), stderr.read())


class ForkedProcess:
    """A process that a server has forked, which waits for it and says how it ended."""

    def __init__(self, answers: socket.socket) -> None:
        self.returncode: int | None = None
        self._answers = answers
        self._answers.settimeout(_SECONDS_TO_IMPORT)
        number, handles, *_ = socket.recv_fds(answers, LARGEST_ANSWER, 1)
        self.pid, (self._handle,) = int(number), handles

    def poll(self) -> int | None:
        """Its return code; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(PROGRAM, timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it runs: it, and none that has got its number since."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, sig)

    def terminate(self) -> None:
        """Send it a SIGTERM, if it runs."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it a SIGKILL, if it runs."""
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            news = select.poll()
            news.register(self._answers, select.POLLIN)
            if news.poll(None if seconds is None else 1000 * seconds):
                self.returncode = int(self._answers.recv(LARGEST_ANSWER))
                self._answers.close()
                os.close(self._handle)
        return self.returncode


class _Server:
    """A server, as the process sees it that has it fork."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._requests, other = socket.socketpair(type=socket.SOCK_SEQPACKET)
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("COMETHOOKS_")
        }
        # Its output is a file, since those of what it forks are, and Python asks at its start.
        with other, tempfile.TemporaryFile() as nowhere:
            self._process = subprocess.Popen(
                [sys.executable, "-P", process_server.__file__, str(other.fileno()), *modules],
                env=environ,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=nowhere,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )

    def fork(self, request: Sequence[object], output: Sequence[int]) -> ForkedProcess:
        answers, other = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with other:
            # One packet, so that nobody need be kept from asking at the same time.
            files = [other.fileno(), *output]
            socket.send_fds(self._requests, [json.dumps(request).encode()], files)
        return ForkedProcess(answers)

    def end(self) -> None:
        self._requests.close()
        self._process.wait()


_servers: dict[bool, _Server] = {}
_servers_lock = threading.Lock()


def _server(is_web: bool) -> _Server:
    """One for the web process and one for all else: texts have other hashes in the one than in the
    other, as in processes that are executed.
    """
    with _servers_lock:
        if is_web not in _servers:
            _servers[is_web] = _Server(RECEIVING if is_web else (*RECEIVING, *WORKING))
        return _servers[is_web]


@atexit.register
def _end_servers() -> None:
    while _servers:
        _servers.popitem()[1].end()
