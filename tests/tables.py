"""Tables for tests: what `comethooks db upgrade` makes, without the time that it takes."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, event, make_url

from comethooks.workers.journal.tables.migrate import upgrade

_Statement = tuple[str, Any]
"""SQL as it goes to PostgreSQL, and its parameters."""

_of_an_upgrade: list[_Statement] = []
"""What the first upgrade of an empty schema of PostgreSQL changed there."""


def make_tables(url: str) -> None:
    """Make the tables in an empty database.

    An upgrade makes the first ones. Those of SQLite are copied from then on; to PostgreSQL the same
    statements are given once more, which takes a third of the time.
    """
    database = make_url(url)
    if database.get_backend_name() == "sqlite" and database.database:
        Path(database.database).write_bytes(_made_once())
    elif not _of_an_upgrade:
        _of_an_upgrade.extend(_changes_of_upgrade(url))
    else:
        # libpq knows no name of a driver in it.
        plain = database.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection, connection.pipeline():
            for statement, parameters in _of_an_upgrade:
                connection.execute(statement, parameters)


@cache
def _made_once() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "tables.db")
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()


def _changes_of_upgrade(url: str) -> list[_Statement]:
    """Upgrade the database at `url`; the statements that changed it."""
    changes: list[_Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            changes.append((statement, parameters or None))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        upgrade(url)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return changes
