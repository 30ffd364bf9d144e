"""`comethooks events import`: events from lines of JSON into the journal, where nothing is run on
them.
"""

import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import IO

import click

from comethooks.cli.terminal import options
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import open_stores
from comethooks.files.imported import LineError, event_in, event_of
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.record import Record
from comethooks.workers.texts import number_of

LONGEST_LINE = 64 * 2**20
"""Bytes; whatever is longer is no event."""
_BATCH = 500
_BATCH_BYTES = 4 * 2**20
_DAY_MS = 24 * 3600 * 1000
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
        were = "was" if self.known == 1 else "were"
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


@click.command(
    "import",
    epilog=options.examples(
        "comethooks events import events.jsonl",
        "gunzip -c week.jsonl.gz | comethooks events import -",
        "comethooks events import --raw bodies.log",
    ),
)
@click.argument("file", type=click.File("rb"))
@click.option("--raw", is_flag=True, help="The lines are bare bodies, as CometChat sent them.")
@options.as_json
def import_(file: IO[bytes], raw: bool, as_json: bool) -> None:
    """Put events from a file into the journal; nothing is run on them.

    FILE, or - for standard input, has the lines that `events export` wrote. What is there already
    is recognised by its id and left alone, so an import may be repeated. Of a bare body (--raw),
    the id is made of what tells its repeats, and it is received when it occurred, if it says when.
    """
    parse = partial(event_of, now=now_ms()) if raw else event_in
    bad = 0
    with open_stores() as stores:
        read = partial(parse, drop_secrets=stores.settings.drop_secrets)
        importer = Importer(stores.journal, stores.kept.waiting_ids())
        try:
            with progress(_number_of_lines(file), "read") as advance:
                for number, line in enumerate(lines_of(file), 1):
                    bad += not _take(importer, read, line, number)
                    advance()
                importer.flush()
        finally:
            _report(importer, bad, as_json=as_json)
        warn_of_retention(importer.oldest, stores.settings.retention_days, "soon")
    if bad:
        raise click.exceptions.Exit(1)


def _take(importer: Importer, read: Callable[[bytes], Record], line: bytes, number: int) -> bool:
    """Whether a line is an event, or empty; the event is imported."""
    try:
        if len(line) > LONGEST_LINE:
            raise LineError(f"longer than {LONGEST_LINE // 2**20} MiB")
        if line.strip():
            importer.add(read(line))
    except LineError as error:
        hint(f"line {number}: {error}")
        return False
    return True


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


def _number_of_lines(file: IO[bytes]) -> int | None:
    """How many lines are to be read; None when that cannot be known before."""
    if not file.seekable():
        return None
    start = file.tell()
    count, last = 0, b"\n"
    while chunk := file.read(_CHUNK):
        count, last = count + chunk.count(b"\n"), chunk[-1:]
    file.seek(start, io.SEEK_SET)
    return count + (last != b"\n")


def _report(importer: Importer, bad: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"imported": importer.imported, "already_there": importer.known, "bad": bad})
        return
    click.echo(f"{importer.sentence}; {number_of(bad, 'bad line')}.")


def warn_of_retention(oldest: int | None, days: int, when: str) -> None:
    """Say `when` what was imported is deleted, if the `oldest` (milliseconds) is older than it may
    be.
    """
    if oldest is not None and oldest < now_ms() - days * _DAY_MS:
        hint(
            f"Warning: some are older than {days} days (COMETHOOKS_RETENTION_DAYS), so the workers"
            f" will delete them {when}."
        )
