"""The events of a file that is replayed: read for a plan, and then staged and imported."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from comethooks.cli.events.importing import warn_of_retention
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import Stores
from comethooks.files.imported import LineError, event_in, records_in
from comethooks.files.importer import Importer, lines_of
from comethooks.workers.journal import Replays
from comethooks.workers.record import Record

_BATCH = 500


def batches_in(file: Path, read: Callable[[bytes], Record] = event_in) -> Iterator[list[Record]]:
    """The events of a file, some at a time, each once. A line that is none is named, and left
    out.
    """
    with file.open("rb") as opened:
        found = records_in(lines_of(opened), read, bad=_name_line)
        while batch := list(islice(found, _BATCH)):
            yield batch


def stage(stores: Stores, replays: Replays, name: str, file: Path) -> None:
    """Note which events the replay `name` is about, and import what the journal does not have of
    them. Raises the journal's errors.
    """
    settings = stores.settings
    importer = Importer(stores.journal, stores.kept.waiting_ids())
    read = partial(event_in, drop_secrets=settings.drop_secrets)
    for batch in batches_in(file, read):
        # First, so that retention leaves alone what is imported next, however old it is.
        replays.stage(name, [record.id for record in batch])
        for record in batch:
            importer.add(record)
        importer.flush()
    hint(f"{importer.sentence}.")
    warn_of_retention(importer.oldest, settings.retention_days, "once the replay has ended")


def _name_line(number: int, error: LineError) -> None:
    hint(f"line {number}: {error}")
