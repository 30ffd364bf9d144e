"""The files of a spool: segments, in which records stand one behind the other.

A segment begins with a header: what it is, the number of its format, a salt, and which journal's
events it holds as far as that was known. A record is a frame: the salt, its length, a CRC-32 of it,
and its bytes. The space of a segment is reserved before the first record is written, so what stands
behind the last one is zeros. The salt tells a frame from what a body may hold: behind a place that
cannot be read, the next frame is searched for. When there is none, the place is a torn tail, which
nobody was told of as kept; when there is one, the segment is damaged.
"""

import os
import re
import secrets
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from comethooks.workers.clock import now_ms
from comethooks.workers.spool.shared_state import Amount

FORMAT = 1
LIVE = ".spool"
SetAside = Literal[".damaged", ".refused", ".newer", ".foreign"]
SET_ASIDE: tuple[SetAside, ...] = (".damaged", ".refused", ".newer", ".foreign")
"""What a file of records ends with that is not emptied: it cannot be read, or holds what Redis does
not take, or is of a newer version, or holds the events of another deployment."""

_MAGIC = b"COMSPOOL"
_HEADER = struct.Struct("<8sI4s36sQ")
_CHECKED = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CHECKED.size
_FRAME = struct.Struct("<4sII")
FRAME_BYTES = _FRAME.size
_NAME = re.compile(r"([0-9]{12})(\.[a-z]+)")
_PADDING = bytes(4)
"""What a frame begins with that holds no record, but takes the place of some."""


class NewerSegmentError(Exception):
    """A segment of a format that this version does not know."""


class DamagedSegmentError(Exception):
    """A segment whose header cannot be read."""


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a segment says of itself. `journal_id` is empty when it was not known."""

    salt: bytes
    journal_id: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands from `start` to `end` of a segment: a record, or None where none can be read."""

    start: int
    end: int
    payload: bytes | None


def path_of(folder: Path, number: int, ending: str = LIVE) -> Path:
    """The file of a segment."""
    return folder / f"{number:012d}{ending}"


def numbers(folder: Path, *endings: str) -> list[int]:
    """The numbers of the segments with these endings, oldest first. Raises `OSError`."""
    found = (_NAME.fullmatch(name) for name in os.listdir(folder))
    return sorted(int(match[1]) for match in found if match and match[2] in endings)


def new_header(journal_id: str) -> tuple[SegmentHeader, bytes]:
    """A header, and its bytes."""
    # Without the bytes of zeros and of text, of which bodies are full.
    salt = b"\xf7" + secrets.token_bytes(2) + b"\xfb"
    data = _HEADER.pack(_MAGIC, FORMAT, salt, journal_id.encode()[:36], now_ms())
    return SegmentHeader(salt, journal_id), data + _CHECKED.pack(zlib.crc32(data))


def read_header(descriptor: int) -> SegmentHeader | None:
    """The header of a segment; None for one whose making was broken off, which holds nothing.

    Raises `NewerSegmentError`, `DamagedSegmentError` and `OSError`.
    """
    data = os.pread(descriptor, HEADER_BYTES, 0)
    if not data.strip(b"\0"):
        return None
    if data[:8] == _MAGIC and len(data) >= 12 and int.from_bytes(data[8:12], "little") > FORMAT:
        raise NewerSegmentError
    if len(data) < HEADER_BYTES or data[:8] != _MAGIC:
        raise DamagedSegmentError
    body, (crc,) = data[: _HEADER.size], _CHECKED.unpack_from(data, _HEADER.size)
    if zlib.crc32(body) != crc:
        raise DamagedSegmentError
    _, _, salt, journal_id, _ = _HEADER.unpack(body)
    return SegmentHeader(salt, journal_id.rstrip(b"\0").decode("ascii", "replace"))


def framed(header: SegmentHeader, payload: bytes) -> bytes:
    """A record with what stands before it."""
    return _FRAME.pack(header.salt, len(payload), zlib.crc32(payload)) + payload


def padding(header: SegmentHeader, size: int) -> bytes:
    """A frame of `size` bytes in all that holds no record."""
    return framed(header, bytes(size - FRAME_BYTES))


class Frames:
    """The frames in `data`, which begins at the offset `base` of its segment.

    Once they are read, `end` is where the last one ends, and `torn` how many bytes stand behind it
    that are neither a frame nor zeros.
    """

    def __init__(self, data: bytes, header: SegmentHeader, base: int) -> None:
        self._data = data
        self._salt = header.salt
        self._base = base
        self.end = base
        self.torn = 0

    def __iter__(self) -> Iterator[Frame]:
        position = 0
        while True:
            found = self._frame_at(position)
            if found is None:
                following = self._next_after(position)
                if following is None:
                    self.torn = len(self._data[position:].rstrip(b"\0"))
                    return
                yield Frame(self._base + position, self._base + following, None)
                position = following
                continue
            start, position = position, position + FRAME_BYTES + len(found)
            self.end = self._base + position
            if found[:4] != _PADDING:
                yield Frame(self._base + start, self.end, found)

    def amount(self) -> Amount:
        """Read them all; how much they hold that can be read."""
        sizes = [frame.end - frame.start for frame in self if frame.payload is not None]
        return Amount(len(sizes), sum(sizes))

    def _frame_at(self, position: int) -> bytes | None:
        if position + FRAME_BYTES > len(self._data):
            return None
        salt, length, crc = _FRAME.unpack_from(self._data, position)
        start = position + FRAME_BYTES
        if salt != self._salt or start + length > len(self._data):
            return None
        payload = self._data[start : start + length]
        return payload if zlib.crc32(payload) == crc else None

    def _next_after(self, position: int) -> int | None:
        found = self._data.find(self._salt, position + 1)
        while found >= 0 and self._frame_at(found) is None:
            found = self._data.find(self._salt, found + 1)
        return found if found >= 0 else None


def read_from(descriptor: int, offset: int, end: int | None = None) -> bytes:
    """What stands in a segment from an offset on, up to `end`. Raises `OSError`."""
    left = (os.fstat(descriptor).st_size if end is None else end) - offset
    parts = []
    while left > 0 and (part := os.pread(descriptor, left, offset)):
        parts.append(part)
        offset += len(part)
        left -= len(part)
    return b"".join(parts)
