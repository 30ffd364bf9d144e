"""Reading a spool to empty it, and letting go of what is emptied. The lock for emptying is held."""

from dataclasses import dataclass

import structlog

from comethooks.workers.settings.paths import sync_folder
from comethooks.workers.spool.segment_writing import Segment, amount_of, set_aside
from comethooks.workers.spool.segments import (
    HEADER_BYTES,
    LIVE,
    DamagedSegmentError,
    NewerSegmentError,
    numbers,
    path_of,
)
from comethooks.workers.spool.shared_state import Amount, Position
from comethooks.workers.spool.spool import Spool

CHUNK_RECORDS, CHUNK_BYTES = 512, 4 * 1024 * 1024

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record, and where it ends; None for what cannot be read."""

    end: Position
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class SpoolChunk:
    """The next records of one segment, which were to end up in the journal with that id.

    It `is_at_tail` when records may still be appended to the segment; it `is_end` when they may
    not, and these are the last.
    """

    number: int
    journal_id: str
    found: tuple[FoundRecord, ...]
    is_at_tail: bool
    is_end: bool

    @property
    def bytes(self) -> int:
        """What its records take."""
        return amount_of([each.payload or b"" for each in self.found]).bytes


class SpoolReader:
    """Reads a spool from its first record that is not emptied."""

    def __init__(self, spool: Spool) -> None:
        self._folder = spool.folder
        self._state = spool.state
        self._spool = spool

    def read(self) -> SpoolChunk | None:
        """What comes next; None when nothing does. Raises `OSError`."""
        for number in numbers(self._folder, LIVE):
            place, tail = self._state.place, self._state.tail
            if number < place.segment:
                path_of(self._folder, number).unlink(missing_ok=True)  # its end was broken off
                continue
            segment = self._open(number)
            if segment is None:
                continue
            start = place.offset if number == place.segment else HEADER_BYTES
            at_tail = number == tail.segment and tail.offset > 0
            found, is_end = self._some(segment, start, tail.offset if at_tail else None)
            if found or not at_tail:
                return SpoolChunk(
                    number, segment.header.journal_id, found, at_tail, not at_tail and is_end
                )
        return None

    def pass_by(self, end: Position, passed: Amount) -> None:
        """Say that the records up to there are emptied."""
        self._state.place = end
        self._state.emptied = self._state.emptied.plus(passed)

    def drop(self, number: int) -> None:
        """Let go of a segment that is emptied: delete it, unless part of it could not be read.
        Raises `OSError`.
        """
        damaged = self._is_damaged(number)
        self._state.place = Position(number + 1, HEADER_BYTES)
        self._state.flush()
        if damaged:
            log.error("part of a segment of the spool cannot be read", segment=number)
            set_aside(self._folder, number, ".damaged")
        else:
            path_of(self._folder, number).unlink(missing_ok=True)
            sync_folder(self._folder)

    def clear(self) -> None:
        """Let go of everything, which is emptied. Both locks are held. Raises `OSError`."""
        for number in numbers(self._folder, LIVE):
            self.drop(number)
        last = max(self._state.tail.segment, self._state.place.segment - 1)
        self._state.tail = Position(last, 0)
        self._state.place = Position(last + 1, HEADER_BYTES)
        self._state.emptied = self._state.appended
        self._state.holds = False
        self._state.flush()

    def _open(self, number: int) -> Segment | None:
        try:
            segment = Segment.open(self._folder, number)
        except FileNotFoundError:
            return None
        except NewerSegmentError:
            self._spool.set_segment_aside(number, ".newer")
        except DamagedSegmentError:
            log.error("a segment of the spool cannot be read", segment=number)
            self._spool.set_segment_aside(number, ".damaged")
        else:
            return segment
        return None

    def _some(
        self, segment: Segment, start: int, end: int | None
    ) -> tuple[tuple[FoundRecord, ...], bool]:
        """The first records, and whether they are the last, too."""
        found: list[FoundRecord] = []
        size = 0
        for frame in segment.frames(start, end):
            if len(found) == CHUNK_RECORDS or size > CHUNK_BYTES:
                return tuple(found), False
            found.append(FoundRecord(Position(segment.number, frame.end), frame.payload))
            size += frame.end - frame.start
        return tuple(found), True

    def _is_damaged(self, number: int) -> bool:
        try:
            segment = Segment.open(self._folder, number)
        except (FileNotFoundError, NewerSegmentError, DamagedSegmentError):
            return False
        if segment is None:
            return False
        frames = segment.frames()
        unreadable = [frame for frame in frames if frame.payload is None]
        return bool(unreadable or frames.torn)
