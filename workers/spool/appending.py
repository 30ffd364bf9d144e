"""The end of a spool, where records are appended, and what is done when that was broken off.

Everything here is called with the lock for appending held.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from comethooks.workers.spool import segments
from comethooks.workers.spool.segment_writing import Segment, amount_of, reserved, set_aside
from comethooks.workers.spool.segments import (
    FRAME_BYTES,
    HEADER_BYTES,
    LIVE,
    DamagedSegmentError,
    NewerSegmentError,
)
from comethooks.workers.spool.shared_state import Amount, Position, SharedState
from comethooks.workers.spool.spool_errors import SpoolFullError
from comethooks.workers.texts import number_of

log = structlog.get_logger()


class SpoolTail:
    """Appends to the last segment of a spool, and begins the next one."""

    def __init__(
        self,
        folder: Path,
        state: SharedState,
        *,
        max_bytes: int,
        segment_bytes: int,
        journal_id: Callable[[], str],
    ) -> None:
        self._folder = folder
        self._state = state
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._journal_id = journal_id
        self._segment: Segment | None = None

    def append(self, payloads: Sequence[bytes]) -> list[Segment]:
        """Write records; the segments that have to be synced. Raises `SpoolFullError` and
        `OSError`: then the next one mends what is there.
        """
        state, rest = self._state, list(payloads)
        if state.is_dirty:
            self.mend()
        state.is_dirty = True
        written = []
        while rest:
            segment = self._with_room(len(rest[0]) + FRAME_BYTES)
            # Before the record, and so before anybody is told of it.
            state.holds = True
            offset = state.tail.offset
            some = _fitting(rest, segment.room - offset)
            state.tail = Position(segment.number, segment.write(some, offset))
            state.appended = state.appended.plus(amount_of(some))
            written.append(segment)
            del rest[: len(some)]
        state.is_dirty = False
        return written

    def mend(self) -> None:
        """Find the end again: cut off what somebody has begun to write who is dead, and count what
        that one has written as a whole.
        """
        self._segment = None
        self._state.is_dirty = True
        last, before, end = self._check()[-1:], self._state.tail, 0
        for number in last:
            if segment := Segment.open(self._folder, number):
                end, _, _ = segment.cut()
        known = max([before.segment, *segments.numbers(self._folder, *_ALL)])
        self._state.tail = Position(last[0] if last else known, end)
        if before <= self._state.tail:
            self._state.appended = self._state.appended.plus(self._amount_from(before))
        else:
            self.recount()
        self._state.is_dirty = False

    def recount(self) -> None:
        """Count what is not emptied."""
        left = self._amount_from(self._state.place)
        self._state.appended = self._state.emptied.plus(left)

    def recover(self, *, anew: bool = False) -> None:
        """Make sure of the shared numbers of a spool that nobody uses. They are made `anew` from
        what is on the disk when they are of another boot, or are not what is there: that reads all
        of it.
        """
        for draft in self._folder.glob("*.draft"):
            draft.unlink()
        known, live = segments.numbers(self._folder, LIVE), self._check()
        if anew or live != known or not self._is_as_it_was(live):
            self._count_anew(live)
            self._state.begin()
        self._segment = None
        self._state.doubt = self._state.tail
        self._state.holds = bool(live)
        self._state.is_dirty = False

    def _is_as_it_was(self, live: Sequence[int]) -> bool:
        """Whether the numbers can be trusted: nothing stands behind the tail, or is gone."""
        state, tail = self._state, self._state.tail
        if not state.is_of_this_boot or state.is_dirty:
            return False
        if not live:
            return not state.holds
        segment = Segment.open(self._folder, live[-1])
        if live[0] < state.place.segment or live[-1] != tail.segment or segment is None:
            return False
        frames = segment.frames()
        frames.amount()
        return frames.end == tail.offset and not frames.torn

    def _count_anew(self, live: Sequence[int]) -> None:
        started, place = time.monotonic(), self._first_place(live)
        total, end = Amount(0, 0), 0
        for number in live:
            if segment := Segment.open(self._folder, number):
                start = place.offset if number == place.segment else HEADER_BYTES
                end, torn, amount = segment.cut(start)
                total = total.plus(amount)
                if torn:
                    log.warning("torn tail of the spool cut off", segment=number, bytes=torn)
                if number != live[-1]:
                    segment.end(end)
        known = max([self._state.tail.segment, *segments.numbers(self._folder, *_ALL)])
        self._state.tail = Position(live[-1] if live else known, end)
        self._state.place, self._state.emptied, self._state.appended = place, Amount(0, 0), total
        if (seconds := time.monotonic() - started) > _LONG_SECONDS:
            log.info("spool was read", records=total.records, seconds=round(seconds, 1))

    def _first_place(self, live: Sequence[int]) -> Position:
        """Where emptying goes on: where it was, if that can be known, else at the beginning."""
        place = self._state.place
        if not live:
            return Position(0, HEADER_BYTES)
        if self._state.is_known and place.segment == live[0]:
            segment = Segment.open(self._folder, live[0])
            ends = {frame.end for frame in segment.frames()} if segment else set()
            if place.offset in {HEADER_BYTES, *ends}:
                return place
        return Position(live[0], HEADER_BYTES)

    def set_aside(self, number: int, ending: segments.SetAside) -> None:
        """Take a segment out of the way, as `Spool.set_segment_aside` does."""
        left = self._left_in(number)
        if self._state.tail.segment == number:
            self._state.tail = Position(number, 0)
        set_aside(self._folder, number, ending)
        if left is None:
            self.recount()
        else:  # all others need not be read, for which everybody would wait
            self._state.emptied = self._state.emptied.plus(left)

    def _left_in(self, number: int) -> Amount | None:
        """How much of a segment is not emptied; None when that cannot be read."""
        place = self._state.place
        try:
            segment = Segment.open(self._folder, number)
        except (NewerSegmentError, DamagedSegmentError):
            return None
        start = place.offset if number == place.segment else HEADER_BYTES
        return segment.frames(start).amount() if segment else Amount(0, 0)

    def _amount_from(self, place: Position) -> Amount:
        """How much stands behind a place."""
        total = Amount(0, 0)
        for number in segments.numbers(self._folder, LIVE):
            if number >= place.segment and (segment := Segment.open(self._folder, number)):
                start = max(place.offset if number == place.segment else 0, HEADER_BYTES)
                total = total.plus(segment.frames(start).amount())
        return total

    def _check(self) -> list[int]:
        """The segments that can be read. Of what cannot, others may know how to."""
        readable = []
        for number in segments.numbers(self._folder, LIVE):
            try:
                if Segment.open(self._folder, number) is not None:
                    readable.append(number)
                    continue
                segments.path_of(self._folder, number).unlink()
            except NewerSegmentError:
                set_aside(self._folder, number, ".newer")
                log.error("a segment of the spool is of a newer version", segment=number)
            except DamagedSegmentError:
                set_aside(self._folder, number, ".damaged")
                log.error("a segment of the spool cannot be read", segment=number)
        return readable

    def _with_room(self, size: int) -> Segment:
        """The segment that a record of `size` goes to, at the tail."""
        tail = self._state.tail
        segment = self._segment
        if tail.offset and not (segment and segment.number == tail.segment and segment.is_current):
            segment = None
            with suppress(FileNotFoundError):
                segment = Segment.open(self._folder, tail.segment)
        if tail.offset and segment is not None:
            if segment.room - tail.offset >= size:
                self._segment = segment
                return segment
            segment.end(tail.offset)
        self._segment = segment = self._new(size)
        self._state.tail = Position(segment.number, HEADER_BYTES)
        return segment

    def _new(self, size: int) -> Segment:
        length = max(self._segment_bytes, HEADER_BYTES + size)
        if self._used() + length > self._max_bytes:
            limit = number_of(self._max_bytes, "byte")
            raise SpoolFullError(f"the spool has its {limit} (COMETHOOKS_SPOOL_MAX_BYTES)")
        known = [self._state.tail.segment, *segments.numbers(self._folder, *_ALL)]
        return Segment.make(self._folder, max(known) + 1, length, self._journal_id())

    def has_room(self) -> bool:
        """Whether an event of the usual size would be taken. Raises `OSError`."""
        tail = self._state.tail
        with suppress(FileNotFoundError):
            size = segments.path_of(self._folder, tail.segment).stat().st_size
            if size - tail.offset >= _USUAL_BYTES:
                return True
        if self._used() + self._segment_bytes > self._max_bytes:
            return False
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        return reserved(self._folder) >= self._segment_bytes or free >= self._segment_bytes

    def _used(self) -> int:
        total = 0
        for ending in _ALL:
            for number in segments.numbers(self._folder, ending):
                with suppress(FileNotFoundError):
                    total += os.stat(segments.path_of(self._folder, number, ending)).st_size
        return total


_USUAL_BYTES = 8 * 1024
_LONG_SECONDS = 1.0
_ALL = (LIVE, *segments.SET_ASIDE)


def _fitting(payloads: Sequence[bytes], room: int) -> list[bytes]:
    """As many of the first records as there is room for; the first is sure to fit."""
    some: list[bytes] = []
    for payload in payloads:
        room -= len(payload) + FRAME_BYTES
        if room < 0:
            break
        some.append(payload)
    return some
