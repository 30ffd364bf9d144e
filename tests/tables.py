"""Tables for tests: what `comethooks db upgrade` makes, without the time that it takes."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import make_url

from comethooks.workers.journal.tables.migrate import upgrade


def make_tables(url: str) -> None:
    """Make the tables in an empty database; those of SQLite are made once and copied."""
    database = make_url(url)
    if database.get_backend_name() == "sqlite" and database.database:
        Path(database.database).write_bytes(_made_once())
    else:
        upgrade(url)


@cache
def _made_once() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "tables.db")
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()
