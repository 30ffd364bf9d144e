"""Processes: who one is, whether another one of this host still lives, and being asked to stop."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from functools import lru_cache
from pathlib import Path

_PR_SET_PDEATHSIG = 1


@lru_cache
def host_and_boot() -> str:
    """`host|boot`: a name that no other boot of this host, and no other host or container, shares."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    with contextlib.suppress(OSError):
        # Containers may share the name of the host, but not the numbers of processes.
        numbers = os.stat("/proc/self/ns/pid").st_ino
        return f"{socket.gethostname()}|{boot.read_text().strip()}.{numbers}"
    return f"{socket.gethostname()}|-"


def member_name(pid: int) -> str:
    """`host|boot|pid`: how a drainer is called in leases and in the membership."""
    return f"{host_and_boot()}|{pid}"


def is_dead_here(member: str) -> bool:
    """Whether `member` is a process of this very host and boot, and has ended. Of others nothing is known."""
    host, _, pid = member.rpartition("|")
    return host == host_and_boot() and pid.isdigit() and not is_alive(int(pid))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        # The state follows the command, which is in brackets and may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies; for a child that was just forked. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class StopFlag:
    """That somebody asked to stop. Unlike `threading.Event` it can be set in a signal handler without a deadlock."""

    def __init__(self) -> None:
        self._set = False

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

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until somebody asks. Whether somebody did."""
        end = time.monotonic() + seconds
        while not self._set and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
        return self._set
