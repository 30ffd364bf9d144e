"""The spool of a host: what Redis cannot take waits here, on the disk, in the order in which it
came.

All web processes of a host share it. `lock` is held for an append, `emptying.lock` by the one who
empties; both are the kernel's, and free when their holder is dead. `state` is memory that all of
them share: the byte `holds` in it says whether anything is in the spool. As long as there is,
everything is appended, so the order within a conversation holds.

What a process leaves that is killed:

| killed | what is there | who mends it |
|---|---|---|
| before `holds` is set | nothing | nobody need |
| then, before the record is written | a spool that holds nothing | emptying finds nothing, clears |
| while the record is written | `is_dirty`, and half a frame | the next append cuts it off |
| before the flush to the disk | the record; nobody was told of it | it is emptied all the same |
| before the answer | the record; its sender tries again | the later one is a duplicate |

With the whole machine, `state` is gone, too, or as it was some time ago. Whoever opens a spool that
nobody uses makes it anew then: it cuts off a torn tail, and takes everything that it finds for
perhaps emptied already. What emptying leaves is in the docstring of `emptying`.
"""

import errno
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Self

from comethooks.workers.record import RecordError
from comethooks.workers.settings.paths import make_private_dir, new_file
from comethooks.workers.spool import segments
from comethooks.workers.spool.appending import SpoolTail
from comethooks.workers.spool.file_locks import FileLock, UseLock
from comethooks.workers.spool.rewriting import Rewriting
from comethooks.workers.spool.segment_writing import (
    Segment,
    reserve,
    reserved,
    rewrite_file,
    segment_journal,
)
from comethooks.workers.spool.segments import (
    HEADER_BYTES,
    LIVE,
    SET_ASIDE,
    DamagedSegmentError,
    NewerSegmentError,
    SetAside,
)
from comethooks.workers.spool.shared_state import Amount, SharedState
from comethooks.workers.spool.spool_errors import (
    SpoolFailedError,
    SpoolFullError,
    SpoolInUseError,
    SpoolPlaceError,
)
from comethooks.workers.spool.spool_status import SpoolStatus
from comethooks.workers.spool.spooled import Spooled, decode_spooled, encode

SEGMENT_BYTES = 8 * 1024 * 1024
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Spool:
    """The spool in a folder. Threads may share it, and so may a process that is forked later."""

    def __init__(self, folder: Path, max_bytes: int, segment_bytes: int) -> None:
        self.folder = folder
        self.appending = FileLock(folder / "lock")
        self.emptying = FileLock(folder / "emptying.lock")
        self.state = SharedState.open(folder / "state")
        self._use = UseLock(folder / "owner")
        self._max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max(max_bytes // 4, 4096))
        self._tail = SpoolTail(
            folder,
            self.state,
            max_bytes=max_bytes,
            segment_bytes=self._segment_bytes,
            journal_id=lambda: self.journal_id,
        )

    @classmethod
    def open(
        cls, folder: Path, *, max_bytes: int, user: str = "", segment_bytes: int = SEGMENT_BYTES
    ) -> Self:
        """The spool in `folder`, which is made when it is missing.

        `user` says whose it is: any number of processes may use it that say the same. Raises
        `SpoolInUseError` when others use it, and `SpoolPlaceError` when the folder cannot be
        written to.
        """
        try:
            make_private_dir(folder)
            spool = cls(folder, max_bytes, segment_bytes)
            other = spool._use.take(user, spool._recover)
        except OSError as error:
            why = error.strerror or str(error)
            if folder.exists() and not folder.is_dir():
                why = "it is no folder"
            raise SpoolPlaceError(
                f"the spool {folder} cannot be used: {why}; let this user write there, or name"
                " another folder in COMETHOOKS_SPOOL_DIR"
            ) from None
        if other is not None:
            spool.close()
            raise SpoolInUseError(
                f"the spool {folder} is in use by another data directory, {other}; name a folder of"
                " its own for each in COMETHOOKS_SPOOL_DIR"
            )
        return spool

    @property
    def holds(self) -> bool:
        """Whether anything is in it. Costs one read of memory."""
        return self.state.holds

    @property
    def is_half_full(self) -> bool:
        """Whether it has room for events only, no more for what is refused."""
        return 2 * self._count().bytes >= self._max_bytes

    @property
    def journal_id(self) -> str:
        """Whose events it gets, as far as anybody knew; else empty."""
        try:
            return (self.folder / "journal").read_text("ascii").strip()
        except (OSError, UnicodeError):
            return ""

    def remember(self, journal_id: str) -> None:
        """Say whose events it gets from now on. Raises `OSError`."""
        if journal_id != self.journal_id:
            with new_file(self.folder / "journal", os.replace) as file:
                file.write(journal_id.encode())

    def append(self, requests: Sequence[Spooled], *, anyway: bool = True) -> bool:
        """Keep requests behind all others; when this returns True they are on the disk.

        Unless it is to be done `anyway`, nothing is appended to a spool that holds nothing: then
        False. Raises `SpoolFullError` and `SpoolFailedError`; then some of the requests may be kept
        all the same.
        """
        payloads = [encode(each) for each in requests]
        with _failures("written to"):
            with self.appending:
                if not anyway and not self.state.holds:
                    return False
                written = self._tail.append(payloads)
            for segment in written:
                segment.sync()
        return True

    def status(self) -> SpoolStatus:
        """What is in it. Waits for nobody. Raises `SpoolFailedError`."""
        with _failures("read"):
            aside = {ending[1:]: len(segments.numbers(self.folder, ending)) for ending in SET_ASIDE}
            first = next(self.entries(), None) if self.holds else None
        count = self._count()
        return SpoolStatus(
            count.records,
            count.bytes,
            None if first is None else first.record.received_at,
            self._max_bytes,
            reserved(self.folder),
            MappingProxyType(aside),
            self.state.reason or None,
            not self._tail.has_room(),
        )

    def entries(self) -> Iterator[Spooled]:
        """What is in it, oldest first, while others append and empty. What is emptied meanwhile may
        be told all the same. What cannot be read is left out. Raises `OSError`.
        """
        place = self.state.place
        for number in segments.numbers(self.folder, LIVE):
            if number < place.segment:
                continue
            start = place.offset if number == place.segment else HEADER_BYTES
            try:
                segment = Segment.open(self.folder, number)
            except (FileNotFoundError, NewerSegmentError, DamagedSegmentError):
                continue
            for frame in segment.frames(start) if segment else ():
                if frame.payload is not None:
                    with suppress(RecordError):
                        yield decode_spooled(frame.payload)

    def rewrite(self, change: Callable[[Spooled], Spooled | None]) -> int:
        """Put all that it holds through `change`, which returns each request as it was, or changed,
        or None to have it out; how many were changed. Their former bytes are in no file of it then,
        nor are those of what is emptied. What was set aside goes through it, too, but for what is
        of a newer version or has no header that can be read.

        Nobody appends meanwhile. When it is broken off, do it again. Raises `SpoolFailedError`.
        """
        applied = Rewriting(change)
        with _failures("rewritten"), self.emptying, self.appending:
            self.state.is_dirty = True
            place = self.state.place
            for number in segments.numbers(self.folder, LIVE):
                start = place.offset if number == place.segment else HEADER_BYTES
                rewrite_file(segments.path_of(self.folder, number), applied, start)
            self._tail.mend()
            self._tail.recount()
            for ending in SET_ASIDE:
                for number in segments.numbers(self.folder, ending):
                    with suppress(NewerSegmentError, DamagedSegmentError):
                        rewrite_file(
                            segments.path_of(self.folder, number, ending), applied, HEADER_BYTES
                        )
        return applied.changed

    def mend(self) -> None:
        """Cut off what somebody has begun to append who is dead. The lock for appending is held.
        Raises `OSError`.
        """
        if self.state.is_dirty:
            self._tail.mend()

    def set_segment_aside(self, number: int, ending: SetAside) -> None:
        """Take a whole segment out of the way, of which some may be emptied. The lock for emptying
        is held. Raises `OSError`.
        """
        with self.appending:
            self.mend()
            self._tail.set_aside(number, ending)

    def foreign(self) -> Mapping[int, str]:
        """What was set aside as another deployment's: the numbers of the files, and the ids of the
        journals that each was to end up in. Raises `OSError`.
        """
        paths = {
            number: segments.path_of(self.folder, number, ".foreign")
            for number in segments.numbers(self.folder, ".foreign")
        }
        return {number: segment_journal(path) or "" for number, path in paths.items()}

    def take_back(self, journal_ids: Collection[str]) -> None:
        """Have what was set aside as another deployment's emptied after all, where it was to end up
        in one of those journals. The lock for emptying is held. Raises `OSError`.
        """
        foreign = [number for number, journal in self.foreign().items() if journal in journal_ids]
        if foreign:
            with self.appending:
                for number in foreign:
                    path = segments.path_of(self.folder, number, ".foreign")
                    os.rename(path, segments.path_of(self.folder, number))
                self._tail.recover(anew=True)

    def reserve(self) -> None:
        """Have the disk keep space for what is to come. Raises `SpoolFullError` when it has
        none.
        """
        with _failures("prepared"), self.appending:
            reserve(self.folder, self._segment_bytes)

    def close(self) -> None:
        """Close its files. What is in it stays."""
        self.appending.close()
        self.emptying.close()
        self._use.close()

    def _recover(self) -> None:
        with self.appending:
            self._tail.recover()

    def _count(self) -> Amount:
        appended, emptied = self.state.appended, self.state.emptied
        return Amount(
            max(0, appended.records - emptied.records), max(0, appended.bytes - emptied.bytes)
        )


@contextmanager
def _failures(what: str) -> Iterator[None]:
    """Raise errors of the system as those of a spool."""
    try:
        yield
    except OSError as error:
        why = f"the spool cannot be {what}: {error.strerror or type(error).__name__}"
        raise (SpoolFullError if error.errno in _NO_ROOM else SpoolFailedError)(why) from None
