"""Copies of a journal in SQLite, by SQLite's backup API: everything may be written meanwhile."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from comethooks.workers.journal.copies.copy_facts import (
    MEGABYTE,
    Advance,
    CopyFacts,
    JournalCopyError,
    facts_of_copy,
)
from comethooks.workers.journal.tables.database import BUSY_TIMEOUT_S
from comethooks.workers.journal.tables.sqlite_file import set_aside
from comethooks.workers.journal.tables.transactions import reading
from comethooks.workers.settings.paths import move_file

_GOOD = "ok"


def copy_sqlite(file: Path, target: Path, begin: Callable[[int], Advance]) -> None:
    """Copy the journal in `file` as it is now to the new file `target`, for this user alone.

    `begin` is told how many megabytes there are, and gives what is called after each. Raises
    `JournalCopyError`, and `OSError` when the target cannot be written.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(_opened(file, "ro")) as source,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            # In one transaction: without it SQLite would begin again whenever somebody has written.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            size = int(source.execute("PRAGMA page_size").fetchone()[0])
            total = int(source.execute("PRAGMA page_count").fetchone()[0]) * size
            advance = begin(total // MEGABYTE + 1)
            source.backup(copy, pages=max(1, MEGABYTE // size), progress=lambda *_: _call(advance))
    except sqlite3.Error as error:
        raise JournalCopyError(f"the journal {file} cannot be copied: {error}") from None
    with open(target, "rb+") as written:
        os.fsync(written.fileno())


def check_sqlite(file: Path) -> CopyFacts:
    """What a copied file says of itself. Raises `JournalCopyError` when it is no whole database,
    and leaves nothing beside it.
    """
    try:
        with closing(_opened(file, "ro&immutable=1")) as connection:
            [[said], *_] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except (sqlite3.Error, ValueError) as error:
        said = str(error)
    if said != _GOOD:
        raise JournalCopyError(f"the journal in it is damaged: {said}")
    engine = create_engine(
        "sqlite://", creator=lambda: _opened(file, "ro&immutable=1"), poolclass=NullPool
    )
    with reading(engine) as connection:
        return facts_of_copy(connection)


def put_sqlite(draft: Path, file: Path) -> None:
    """Give a copied file the journal's path, where there is none. What stands beside that path is
    of another file, and gets another name. Raises `OSError`.
    """
    set_aside(file)
    move_file(draft, file)


def _opened(file: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.as_uri()}?mode={how}", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
    )


def _call(advance: Advance) -> None:
    advance()
