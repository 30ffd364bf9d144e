"""Processes: who one is, which others of this host live, how they end, and being asked to stop."""

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue

EXIT_FAILED = 70
"""The exit status of a work-horse whose job failed: it ended itself, no handler did."""
EXIT_LEASE_LOST = 75
"""The exit status of a work-horse that must not go on, since its partitions may belong to
another.
"""
RELOAD = signal.SIGUSR1
"""Asks a supervisor of workers, and a worker, to let what is loaded from the plugins end and load
them again."""
_PR_SET_PDEATHSIG = 1
_DEAD = "ZX"
"""States of a process that has ended and was not waited for yet."""
_BUSY = frozenset("RD")
"""States of a thread that runs or stands in line for a processor, or for a disk."""
_KILL_ROUNDS = 100
_KILL_SECONDS = 0.01

_GC_THRESHOLD = 10_000
"""How many more objects there have to be before the garbage collector looks."""


_given_host: str | None = None


def name_host(name: str | None) -> None:
    """Call this host `name` from now on, which no other host is called; None: as it calls itself.
    Whoever loads the settings says so, before anything is done in Redis; a fork inherits it.
    """
    global _given_host
    _given_host = name
    host_and_boot.cache_clear()


@lru_cache
def host_and_boot() -> str:
    """`host|boot`: a name that no other boot of this host, and no other host, container or start of
    this container shares.
    """
    host = _given_host or socket.gethostname()
    boot = Path("/proc/sys/kernel/random/boot_id")
    with contextlib.suppress(OSError):
        # Containers may share the name of the host, but not the numbers of processes. One that is
        # started again gets the same space of numbers, and gives out the same ones.
        numbers = f"{os.stat('/proc/self/ns/pid').st_ino}.{_started(1)}"
        return f"{host}|{boot.read_text().strip()}.{numbers}"
    return f"{host}|-"


def member_name(pid: int) -> str:
    """`host|boot|pid`: how a drainer is called in leases and in the membership."""
    return f"{host_and_boot()}|{pid}"


def is_dead_here(member: str) -> bool:
    """Whether `member` is a process of this very host and boot, and has ended. Of others nothing is
    known.
    """
    host, _, pid = member.rpartition("|")
    return host == host_and_boot() and pid.isdigit() and not is_alive(int(pid))


def ended_with_its_host(member: str) -> bool:
    """Whether `member` was a process of this host before that was started again: whatever ran here
    ended then, and nobody saw it.
    """
    host, _, rest = member.partition("|")
    own_host, _, own = host_and_boot().partition("|")
    boot, own_boot = rest.partition(".")[0], own.partition(".")[0]
    return host == own_host and "." in rest and boot != own_boot


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        return _stat(pid)[0] not in _DEAD
    return True


def busy_seconds(pid: int) -> float | None:
    """How many seconds of CPU a process has had, if any thread of it runs, or would if it were let
    or if the disk were quicker; None when none would, and where that cannot be told.
    """
    try:
        states = [_stat_of(path)[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
        user, system = _stat(pid)[11:13]
    except (OSError, ValueError, IndexError):
        return None
    if _BUSY.isdisjoint(states):
        return None
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def keep_what_is_loaded() -> None:
    """Have the garbage collector leave alone what is loaded by now, and look less often.

    What is loaded stays. To look through all of it again and again costs a drainer a quarter of its
    throughput, and a web process a tenth. The little that nobody uses any more stays, too: to look
    for it takes longer than a tenth of an import, and leaves holes in memory that forks share.
    """
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)


@contextmanager
def loading() -> Iterator[None]:
    """Import in the block what processes that are forked from this one will use.

    The garbage collector would look through it a dozen times meanwhile, a tenth of the whole. And
    afterwards it would write to every object, so that none stayed shared.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    keep_what_is_loaded()


def end_with_parent(parent: int, signum: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel for a SIGTERM, or `signum`, when the parent dies (Linux only); end at once
    when it is dead already.

    For a child that was just forked; `parent` is the parent's process id, asked for before the
    fork. It is the end of the thread that forked which counts.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signum)
    if os.getppid() != parent:
        os._exit(1)


def ending(wait_status: int | None) -> str:
    """How a process ended, in a word or three: `SIGKILL`, `exit status 3`; `unknown` without a wait
    status.
    """
    if wait_status is None:
        return "unknown"
    code = os.waitstatus_to_exitcode(wait_status)
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal
        return f"signal {-code}"


def ended_itself(word: str | None) -> bool:
    """Whether a work-horse that ended like that did so on its own account, and no handler's."""
    return word in (f"exit status {EXIT_FAILED}", f"exit status {EXIT_LEASE_LOST}")


def kill_session(leader: int) -> None:
    """Kill every process of the session that `leader` began, whatever process group it is in."""
    if sys.platform != "linux":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)
        return
    # One may have forked while the others were being killed; one that the disk holds up dies later.
    for _ in range(_KILL_ROUNDS):
        members = [pid for pid in _all_pids() if _is_of_session(pid, leader)]
        if not members:
            return
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_KILL_SECONDS)


def _all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _is_of_session(pid: int, leader: int) -> bool:
    """Whether a process belongs to a session and has not ended."""
    try:
        state, _, _, session = _stat(pid)[:4]
    except (OSError, ValueError):
        return False
    return int(session) == leader and state not in _DEAD


def _started(pid: int) -> str:
    """When a process began, in ticks since the boot; `-` where that is not shown."""
    try:
        return _stat(pid)[19]
    except (OSError, IndexError):
        return "-"


def _stat(pid: int) -> list[str]:
    """State, parent, process group, session and so on; they follow the command, which may hold
    anything.
    """
    return _stat_of(Path(f"/proc/{pid}/stat"))


def _stat_of(path: Path) -> list[str]:
    return path.read_text().rpartition(")")[2].split()


class StopFlag:
    """That somebody asked to stop. Unlike `threading.Event` it can be set in a signal handler
    without a deadlock.
    """

    def __init__(self) -> None:
        self._set = False
        # A put may interrupt a get in the same thread.
        self._news: SimpleQueue[None] = SimpleQueue()

    @classmethod
    def on_signals(cls, *signals: signal.Signals) -> "StopFlag":
        """A flag that these signals set. A second signal changes nothing."""
        flag = cls()
        for signum in signals:
            signal.signal(signum, lambda *_: flag.set())
        return flag

    def set(self) -> None:
        """Ask to stop."""
        self._set = True
        self._news.put(None)

    def wake_on(self, signum: signal.Signals) -> None:
        """Have this signal end a wait, though nobody asks to stop."""
        signal.signal(signum, lambda *_: self._news.put(None))

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until somebody asks. Whether somebody did."""
        if not self.is_set():
            with contextlib.suppress(Empty):
                self._news.get(timeout=max(0.0, seconds))
            if self.is_set():
                self._news.put(None)  # for the next one who waits
        return self.is_set()
