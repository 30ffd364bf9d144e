"""Writing segments: making one on space that is reserved, appending to it, ending it."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from comethooks.workers.settings.paths import sync_folder
from comethooks.workers.spool.segments import (
    FRAME_BYTES,
    HEADER_BYTES,
    LIVE,
    DamagedSegmentError,
    Frames,
    NewerSegmentError,
    SegmentHeader,
    SetAside,
    framed,
    new_header,
    padding,
    path_of,
    read_from,
    read_header,
)
from comethooks.workers.spool.shared_state import Amount

RESERVED = ("reserve.0", "reserve.1")
"""Files of zeros that the next segments are made of: where the disk is full, Redis may be away for
just that reason."""


class Segment:
    """The segment that is appended to, open in this process."""

    def __init__(self, path: Path, number: int, descriptor: int, header: SegmentHeader) -> None:
        self.number = number
        self.header = header
        self.descriptor = descriptor
        self._path = path
        self._inode = os.fstat(descriptor).st_ino

    @classmethod
    def make(cls, folder: Path, number: int, size: int, journal_id: str) -> "Segment":
        """A new one that has room for `size` bytes. Its name is on the disk when this returns.
        Raises `OSError`, and leaves nothing then.
        """
        path = path_of(folder, number)
        _take_reserved(folder, path, size)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < size:
                os.posix_fallocate(descriptor, 0, size)
            header, data = new_header(journal_id)
            _write(descriptor, data, 0)
            os.fsync(descriptor)
            sync_folder(folder)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                path.unlink()
            raise
        return cls(path, number, descriptor, header)

    @classmethod
    def open(cls, folder: Path, number: int) -> "Segment | None":
        """One that is there; None when its making was broken off.

        Raises `NewerSegmentError`, `DamagedSegmentError` and `OSError`.
        """
        path = path_of(folder, number)
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            header = read_header(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if header is None:
            os.close(descriptor)
            return None
        return cls(path, number, descriptor, header)

    @property
    def room(self) -> int:
        """Where its reserved space ends."""
        return os.fstat(self.descriptor).st_size

    @property
    def is_current(self) -> bool:
        """Whether it is still the file of that name: it may have been written anew."""
        try:
            return os.stat(self._path).st_ino == self._inode
        except FileNotFoundError:
            return False

    def write(self, payloads: Sequence[bytes], offset: int) -> int:
        """Write records at an offset; where the next one goes. Raises `OSError`."""
        data = b"".join(framed(self.header, payload) for payload in payloads)
        _write(self.descriptor, data, offset)
        return offset + len(data)

    def frames(self, start: int = HEADER_BYTES, end: int | None = None) -> Frames:
        """What stands in it from an offset on, up to `end`. Raises `OSError`."""
        return Frames(read_from(self.descriptor, start, end), self.header, start)

    def cut(self, start: int = HEADER_BYTES) -> tuple[int, int, Amount]:
        """Cut off what is no whole record at its end: where the next one goes, how many bytes that
        were, and how much stands behind `start`. Raises `OSError`.
        """
        frames = self.frames(start)
        amount = frames.amount()
        if frames.torn:
            room = self.room
            os.ftruncate(self.descriptor, frames.end)
            with suppress(OSError):  # without room, the next record begins a new one
                os.posix_fallocate(self.descriptor, frames.end, max(1, room - frames.end))
        return frames.end, frames.torn, amount

    def end(self, offset: int) -> None:
        """Append to it no more: give back the space that it did not need. Raises `OSError`."""
        os.ftruncate(self.descriptor, offset)

    def sync(self) -> None:
        """Have what was written on the disk. Raises `OSError`."""
        os.fdatasync(self.descriptor)

    def __del__(self) -> None:
        # Not when the next one is begun: another thread may be about to sync this one.
        os.close(self.descriptor)


def segment_journal(path: Path) -> str | None:
    """The id of the journal that the records in a file were to end up in; empty when it was not
    known, None when the file cannot be read. Raises `OSError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = read_header(descriptor)
    except (NewerSegmentError, DamagedSegmentError):
        return None
    finally:
        os.close(descriptor)
    return header.journal_id if header else None


def amount_of(payloads: Sequence[bytes]) -> Amount:
    """How much the records are."""
    return Amount(len(payloads), sum(map(len, payloads)) + len(payloads) * FRAME_BYTES)


def reserve(folder: Path, size: int) -> None:
    """Have the disk keep space for the next segments. Raises `OSError` when it has none."""
    for name in RESERVED:
        path = folder / name
        with suppress(FileNotFoundError):
            if path.stat().st_size == size:
                continue
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, 0)
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)


def reserved(folder: Path) -> int:
    """How many bytes are kept for the next segments."""
    total = 0
    for name in RESERVED:
        with suppress(FileNotFoundError):
            total += (folder / name).stat().st_size
    return total


def rewrite_file(path: Path, change: Callable[[bytes], bytes | None], offset: int) -> None:
    """Write a segment anew from `offset` on, each record as `change` makes it, or without it; what
    stands before is gone. A place that cannot be read is left out. Raises `OSError`,
    `NewerSegmentError` and `DamagedSegmentError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = read_header(descriptor)
        if header is None:
            return
        frames = Frames(read_from(descriptor, offset), header, offset)
        records = [frame.payload for frame in frames if frame.payload is not None]
        changed = [each for each in map(change, records) if each is not None]
        data = os.pread(descriptor, HEADER_BYTES, 0)
    finally:
        os.close(descriptor)
    if offset > HEADER_BYTES:
        data += padding(header, offset - HEADER_BYTES)
    data += b"".join(framed(header, payload) for payload in changed)
    draft = path.with_suffix(".draft")
    made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write(made, data, 0)
        os.fsync(made)
    finally:
        os.close(made)
    os.replace(draft, path)
    sync_folder(path.parent)


def add_aside(folder: Path, number: int, ending: SetAside, payload: bytes) -> None:
    """Keep a record that was taken out of a segment in a file beside it. Raises `OSError`."""
    path = path_of(folder, number, ending)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        header = read_header(descriptor)
        data = b""
        if header is None:
            header, data = new_header("")
        _write(descriptor, data + framed(header, payload), os.fstat(descriptor).st_size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(folder)


def set_aside(folder: Path, number: int, ending: SetAside) -> None:
    """Take a whole segment out of the way, as it is. Raises `OSError`."""
    os.rename(path_of(folder, number, LIVE), path_of(folder, number, ending))
    sync_folder(folder)


def _take_reserved(folder: Path, path: Path, size: int) -> None:
    for name in reversed(RESERVED):
        kept = folder / name
        with suppress(FileNotFoundError):
            if kept.stat().st_size >= size:
                os.rename(kept, path)
                return


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
