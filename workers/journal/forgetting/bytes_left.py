"""What a database keeps of rows that are changed or deleted, and how it loses that, too.

SQLite overwrites what it deletes (`secure_delete`, which every connection of ours has on), and
keeps it in its log until that is taken in and truncated. PostgreSQL keeps the rows as they were
until a VACUUM, and what was in them until something else is written over it; its write-ahead log
and copies of it are the database's own.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from comethooks.workers.journal.tables.models import metadata

_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Emptied:
    """What the database did: whether its log is truncated (SQLite), and whether it was vacuumed.
    `rewritten`: every page was written anew, so that nothing is left of what was there.
    """

    name: str
    log_truncated: bool = True
    vacuumed: bool = False
    rewritten: bool = False


def empty_free_space(engine: Engine, *, vacuum: bool) -> Emptied:
    """Have the database lose what no row holds any more. With `vacuum` it writes everything anew,
    and others wait for that.
    """
    work = _sqlite if engine.dialect.name == "sqlite" else _postgres
    with _by_itself(engine) as execute:
        return work(execute, vacuum)


def _sqlite(execute: Any, vacuum: bool) -> Emptied:
    if vacuum:
        execute("VACUUM")
    end = time.monotonic() + _PATIENCE_SECONDS
    # Who reads from the log keeps it from being truncated for that moment.
    while (busy := execute("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]) and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
    return Emptied("SQLite", log_truncated=not busy, vacuumed=vacuum, rewritten=vacuum)


def _postgres(execute: Any, vacuum: bool) -> Emptied:
    for table in metadata.sorted_tables:
        execute(f"VACUUM {'(FULL) ' if vacuum else ''}{table.name}")
    return Emptied("PostgreSQL", vacuumed=True, rewritten=vacuum)


@contextmanager
def _by_itself(engine: Engine) -> Iterator[Any]:
    """What executes a statement outside of any transaction; gives its rows."""
    with closing(engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        is_postgres = engine.dialect.name == "postgresql"
        if is_postgres:
            driver.autocommit = True

        def execute(statement: str) -> list[Any]:
            with closing(driver.cursor()) as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []

        try:
            yield execute
        finally:
            if is_postgres:
                driver.autocommit = False
