"""The few numbers that all processes of a host share about its spool, in mapped memory.

A request costs one read of a byte of it, and no call of the system. Everything else in it is
written under a lock, and is only trusted as long as the kernel lives that has the pages: whoever
opens a spool that nobody uses makes it anew from the segments if it is a copy, or of another boot.
"""

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar

SIZE = 4096
_MAGIC = b"COMSPST1"
_NUMBERS = struct.Struct("<QQ")
_ORIGIN = slice(128, 224)
_REASON = slice(256, 1024)


class Position(NamedTuple):
    """A place in a spool: the number of a segment, and an offset in it."""

    segment: int
    offset: int


class Amount(NamedTuple):
    """So many records, of so many bytes."""

    records: int
    bytes: int

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(self.records + other.records, self.bytes + other.bytes)


Pair = TypeVar("Pair", bound=tuple[int, int])


class _Flag:
    """A byte that is read alone, at a place in the memory."""

    def __init__(self, at: int) -> None:
        self._at = at

    def __get__(self, state: "SharedState", owner: Any) -> bool:
        return state._memory[self._at] != 0

    def __set__(self, state: "SharedState", value: bool) -> None:
        state._memory[self._at] = value


class _Pair(Generic[Pair]):
    """Two numbers that belong together, at a place in the memory."""

    def __init__(self, make: Callable[[int, int], Pair], at: int) -> None:
        self._make = make
        self._at = at

    def __get__(self, state: "SharedState", owner: Any) -> Pair:
        return self._make(*_NUMBERS.unpack_from(state._memory, self._at))

    def __set__(self, state: "SharedState", value: Pair) -> None:
        _NUMBERS.pack_into(state._memory, self._at, *value)


class SharedState:
    """The shared numbers.

    Under the lock for appending are written: `holds`, whether anything is in the spool; `tail`,
    where the next record goes; `appended`, how much that was so far; and `is_dirty`, that somebody
    is at it. Under the lock for emptying: `place`, the first record that is not emptied; `doubt`,
    up to where records may be in Redis already; and `emptied`.
    """

    holds = _Flag(8)
    """Whether anything is in the spool, so that all has to go there."""
    is_dirty = _Flag(9)
    """Whether somebody began to write and has not said that it ended."""
    tail = _Pair(Position, 16)
    """Where the next record goes; segment 0 when there is none yet."""
    place = _Pair(Position, 32)
    """The first record that is not emptied."""
    doubt = _Pair(Position, 48)
    """What stands before this may be in Redis already."""
    appended = _Pair(Amount, 64)
    """How much was appended since the state was made."""
    emptied = _Pair(Amount, 80)
    """How much of that is gone again."""

    def __init__(self, memory: mmap.mmap, origin: str) -> None:
        self._memory = memory
        self._origin = origin.encode()[: _ORIGIN.stop - _ORIGIN.start]

    @classmethod
    def open(cls, path: Path) -> Self:
        """The state in a file, which is made when it is missing. Raises `OSError`."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < SIZE:
                os.posix_fallocate(descriptor, 0, SIZE)  # or writing to the memory could fail
            return cls(mmap.mmap(descriptor, SIZE), _origin_of(descriptor))
        finally:
            os.close(descriptor)

    @property
    def is_known(self) -> bool:
        """Whether it was written by a version that means the same by it."""
        return self._memory[:8] == _MAGIC

    @property
    def is_of_this_boot(self) -> bool:
        """Whether nothing was lost of it: it was begun in this very file, and the kernel that has
        its pages lives since.
        """
        found = bytes(self._memory[_ORIGIN]).rstrip(b"\0")
        return self.is_known and bool(found) and found == self._origin

    def begin(self) -> None:
        """Say that it is known, and of this boot."""
        self._memory[:8] = _MAGIC
        self._memory[_ORIGIN] = self._origin.ljust(_ORIGIN.stop - _ORIGIN.start, b"\0")

    @property
    def reason(self) -> str:
        """Why it was not emptied when that was tried last; empty when nothing is in the way."""
        return bytes(self._memory[_REASON]).rstrip(b"\0").decode(errors="replace")

    @reason.setter
    def reason(self, value: str) -> None:
        size = _REASON.stop - _REASON.start
        self._memory[_REASON] = value.encode()[:size].ljust(size, b"\0")

    def flush(self) -> None:
        """Have it on the disk, where it saves work after a power cut."""
        self._memory.flush()

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()


def _origin_of(descriptor: int) -> str:
    """Which file this is, and which boot; empty where the kernel does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, UnicodeError):
        return ""
    found = os.fstat(descriptor)
    return f"{boot} {found.st_dev}:{found.st_ino}"
