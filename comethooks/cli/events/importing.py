"""`comethooks events import`: puts events from a file into the journal; no handler runs on them."""

import io
from collections.abc import Callable
from functools import partial
from typing import IO

import click

from comethooks.cli.terminal import options
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import open_stores
from comethooks.files.imported import LineError, event_in, event_of
from comethooks.files.importer import Importer, lines_of
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.clock import now_ms
from comethooks.workers.record import Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import number_of

_CHUNK = 2**20


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
    """Put events from a file into the journal.

    No handler runs on them. FILE, or - for standard input, has the JSON lines that `events export`
    wrote. An event that is there already is recognised by its id and left alone, so an import may
    be repeated. With --raw the lines are bare bodies: an id is made of what tells a body's repeats,
    and an event is received when it occurred, if it says when.
    """
    bad = 0
    with open_stores() as stores:
        read = _reading(stores.settings, raw=raw)
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


def _reading(settings: Settings, *, raw: bool) -> Callable[[bytes], Record]:
    """What makes an event of a line, as the settings say."""
    if not raw:
        return partial(event_in, drop_secrets=settings.drop_secrets)
    return partial(
        event_of,
        now=now_ms(),
        drop_secrets=settings.drop_secrets,
        lenient=settings.lenient_triggers,
    )


def _take(importer: Importer, read: Callable[[bytes], Record], line: bytes, number: int) -> bool:
    """Import the event in a line, if it has one; returns False when the line is bad."""
    try:
        importer.add_line(line, read)
    except LineError as error:
        hint(f"line {number}: {error}")
        return False
    return True


def _number_of_lines(file: IO[bytes]) -> int | None:
    """How many lines there are to read; None if that cannot be known before."""
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
    """Warn that workers delete events (and `when`), if the `oldest` (ms) is over `days` old."""
    if oldest is not None and oldest < now_ms() - days * DAY_MS:
        hint(
            f"Warning: some are older than {number_of(days, 'day')} (COMETHOOKS_RETENTION_DAYS), so"
            f" the workers will delete them {when}."
        )
