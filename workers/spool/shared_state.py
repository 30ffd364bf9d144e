"""The few numbers that all processes of a host share about its spool, in mapped memory.

A request costs one read of a byte of it, and no call of the system. Everything else in it is
written under a lock, and is only trusted as long as the kernel lives that has the pages: whoever
opens a spool that nobody uses makes it anew from the segments if it is a copy, or of another boot.
"""

import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple, Self

SIZE = 4096
_MAGIC = b"COMSPST1"
_HOLDS, _DIRTY = 8, 9
"""Where the two bytes stand that are read alone."""
_NUMBERS = struct.Struct("<QQ")
_ORIGIN = slice(128, 224)
_REASON = slice(256, 1024)
_AT = {"tail": 16, "place": 32, "doubt": 48, "appended": 64, "emptied": 80}


class Position(NamedTuple):
    """A place in a spool: the number of a segment, and an offset in it."""

    segment: int
    offset: int


class Amount(NamedTuple):
    """So many records, of so many bytes."""

    records: int
    bytes: int


class SharedState:
    """The shared numbers.

    Under the lock for appending are written: `holds`, whether anything is in the spool; `tail`,
    where the next record goes; `appended`, how much that was so far; and `is_dirty`, that somebody
    is at it. Under the lock for emptying: `place`, the first record that is not emptied; `doubt`,
    up to where records may be in Redis already; and `emptied`.
    """

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
    def holds(self) -> bool:
        """Whether anything is in the spool, so that all has to go there."""
        return self._memory[_HOLDS] != 0

    @holds.setter
    def holds(self, value: bool) -> None:
        self._memory[_HOLDS] = value

    @property
    def is_dirty(self) -> bool:
        """Whether somebody began to write and has not said that it ended."""
        return self._memory[_DIRTY] != 0

    @is_dirty.setter
    def is_dirty(self, value: bool) -> None:
        self._memory[_DIRTY] = value

    @property
    def tail(self) -> Position:
        """Where the next record goes; segment 0 when there is none yet."""
        return Position(*self._read("tail"))

    @tail.setter
    def tail(self, value: Position) -> None:
        self._write("tail", value)

    @property
    def place(self) -> Position:
        """The first record that is not emptied."""
        return Position(*self._read("place"))

    @place.setter
    def place(self, value: Position) -> None:
        self._write("place", value)

    @property
    def doubt(self) -> Position:
        """What stands before this may be in Redis already."""
        return Position(*self._read("doubt"))

    @doubt.setter
    def doubt(self, value: Position) -> None:
        self._write("doubt", value)

    @property
    def appended(self) -> Amount:
        """How much was appended since the state was made."""
        return Amount(*self._read("appended"))

    @appended.setter
    def appended(self, value: Amount) -> None:
        self._write("appended", value)

    @property
    def emptied(self) -> Amount:
        """How much of that is gone again."""
        return Amount(*self._read("emptied"))

    @emptied.setter
    def emptied(self, value: Amount) -> None:
        self._write("emptied", value)

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

    def _read(self, name: str) -> tuple[int, int]:
        found: tuple[int, int] = _NUMBERS.unpack_from(self._memory, _AT[name])
        return found

    def _write(self, name: str, value: tuple[int, int]) -> None:
        _NUMBERS.pack_into(self._memory, _AT[name], *value)


def _origin_of(descriptor: int) -> str:
    """Which file this is, and which boot; empty where the kernel does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, UnicodeError):
        return ""
    found = os.fstat(descriptor)
    return f"{boot} {found.st_dev}:{found.st_ino}"
