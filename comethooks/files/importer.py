"""Importing: from the lines of a file into the journal, many in one transaction."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import IO

from comethooks.files.imported import LineError
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.record import Record
from comethooks.workers.texts import agreeing, number_of

LONGEST_LINE = 64 * 2**20
"""Bytes; whatever is longer is no event."""
_BATCH = 500
_BATCH_BYTES = 4 * 2**20
_CHUNK = 2**20
_BOM = b"\xef\xbb\xbf"


@dataclass
class Importer:
    """Writes events into the journal, many in one transaction, and counts them.

    `waiting` are the ids of events that are in streams and will be in the journal.
    """

    journal: Journal
    waiting: Collection[str] = ()
    imported: int = 0
    known: int = 0
    """How many there were already, in the journal, in a stream or further up."""
    oldest: int | None = None
    """When the oldest that was imported was received, in milliseconds."""
    _batch: dict[str, Record] = field(default_factory=dict)
    _bytes: int = 0

    @property
    def sentence(self) -> str:
        """What it came to, without a full stop."""
        were = agreeing(self.known, "was", "were")
        return f"Imported {number_of(self.imported, 'event')}; {self.known} {were} there already"

    def add(self, record: Record) -> None:
        """Import an event, now or with a later one; `flush` ends that. Raises the errors of
        `Journal.write`.
        """
        if record.id in self._batch or record.id in self.waiting:
            self.known += 1
            return
        self._batch[record.id] = record
        self._bytes += len(record.body)
        if len(self._batch) >= _BATCH or self._bytes >= _BATCH_BYTES:
            self.flush()

    def add_line(self, line: bytes, read: Callable[[bytes], Record]) -> None:
        """Import the event that `read` finds in a line; an empty line has none.

        Raises `LineError`, and the errors of `Journal.write`.
        """
        if len(line) > LONGEST_LINE:
            raise LineError(f"longer than {LONGEST_LINE // 2**20} MiB")
        if line.strip():
            self.add(read(line))

    def flush(self) -> None:
        """Write what is not written yet. Raises the errors of `Journal.write`."""
        there = self.journal.known_ids(self._batch.keys())
        fresh = [record for identifier, record in self._batch.items() if identifier not in there]
        self.journal.write([Settled(record, runs=(), partition=None) for record in fresh])
        self.known += len(there)
        self.imported += len(fresh)
        times = [record.received_at for record in fresh]
        self.oldest = min(times if self.oldest is None else [self.oldest, *times], default=None)
        self._batch, self._bytes = {}, 0


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """The lines without their ends; one that is too long is cut, and still longer than it may
    be.
    """
    first = True
    while line := file.readline(LONGEST_LINE + 2):
        rest = line
        while len(line) > LONGEST_LINE and rest and not rest.endswith(b"\n"):
            rest = file.readline(_CHUNK)
        yield line.removeprefix(_BOM if first else b"").rstrip(b"\r\n")
        first = False
