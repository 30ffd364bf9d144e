"""Locks between the processes of one host, which end with whoever holds them."""

import fcntl
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """A lock that one thread of one process of this host has. It is the kernel's (`flock`): it is
    free again as soon as its holder is dead, and no process id is compared with anything.

    After a fork the child has to have a file of its own, or it would hold what its parent holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._owned: dict[int, _Owned] = {}
        """By process what it has; a child finds that of its parent, too, and leaves it alone."""

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take it; False when somebody else has it and this is not `blocking`. Raises `OSError`."""
        own = self._own()
        if not own.threads.acquire(blocking=blocking):
            return False
        try:
            fcntl.flock(own.descriptor, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            own.threads.release()
            return False
        except BaseException:
            own.threads.release()
            raise
        return True

    def release(self) -> None:
        """Let others have it."""
        own = self._own()
        try:
            fcntl.flock(own.descriptor, fcntl.LOCK_UN)
        finally:
            own.threads.release()

    def close(self) -> None:
        """Close its file. Raises nothing when there is none."""
        own = self._owned.pop(os.getpid(), None)
        if own is not None:
            os.close(own.descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _own(self) -> "_Owned":
        pid = os.getpid()
        own = self._owned.get(pid)
        if own is None:
            # For writing, too: where a file system makes such locks of others it takes that.
            made = _Owned(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            own = self._owned.setdefault(pid, made)
            if own is not made:  # another thread was at it, too
                os.close(made.descriptor)
        return own


@dataclass(frozen=True, slots=True)
class _Owned:
    """The file of one process, and the lock of its threads."""

    descriptor: int
    threads: threading.Lock = field(default_factory=threading.Lock)


class UseLock:
    """Says who uses a folder: any number of processes at once, as long as they say the same."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, user: str, prepare: Callable[[], None]) -> str | None:
        """Use it as `user`; None when that is so from now on, else who uses it already.

        Where nobody else does, `prepare` is called while nobody else can. Raises what it raises.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, user.encode(), 0)
            prepare()
        # The kernel lets go of the one lock before it gives the other. Whoever comes in between
        # writes down who that is.
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        found = os.pread(self._descriptor, 4096, 0).decode(errors="replace")
        return None if found == user else found

    def close(self) -> None:
        """Use it no more."""
        os.close(self._descriptor)
