"""The journal of a harness: a file of SQLite that nobody else knows, and that ends with it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from comethooks.workers.journal import Journal
from comethooks.workers.settings.server_urls import sqlite_url


class JournalFile:
    """A journal in a folder of its own."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="comethooks-", ignore_cleanup_errors=True)
        file = Path(self._folder.name) / "journal.db"
        file.write_bytes(_empty())
        # Nothing has to survive a crash of the machine; waiting for the disk took most of the time.
        # Nor does anybody ask for its figures.
        self.journal = Journal.open(sqlite_url(file), durable=False, counts_figures=False)

    def close(self) -> None:
        """Delete it."""
        self.journal.close()
        self._folder.cleanup()


@cache
def _empty() -> bytes:
    """A journal without a row. Making the tables takes a hundred times as long as a copy."""
    with TemporaryDirectory(prefix="comethooks-") as folder:
        file = Path(folder) / "empty.db"
        journal = Journal.open(sqlite_url(file), durable=False, make=True)
        journal.create_tables()
        journal.close()
        return file.read_bytes()
