"""Copies of a journal in PostgreSQL, by `pg_dump` and `pg_restore`: the tables of the journal, and
nothing else that the database may hold.
"""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from comethooks.workers.journal.copies import postgres_programs
from comethooks.workers.journal.copies.copy_facts import (
    MEGABYTE,
    Advance,
    JournalCopyError,
)
from comethooks.workers.journal.tables.models import metadata
from comethooks.workers.journal.tables.transactions import reading
from comethooks.workers.settings.server_urls import POSTGRES_PARAMETERS

_LOOK_SECONDS = 0.1
_OLDEST = 10
"""Of a server that hides its version, anything is taken."""


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """Where a journal is in PostgreSQL: the major version of the server, and the schema."""

    major: int
    schema: str


def place_of(engine: Engine) -> PostgresPlace:
    """Where the journal of an engine is, or would be made. Raises the journal's errors."""
    with reading(engine) as connection:
        schema = connection.scalar(text("SELECT current_schema()"))
    if schema is None:
        raise JournalCopyError("the search path of the database's user names no schema")
    major, *_ = engine.dialect.server_version_info or (_OLDEST,)
    return PostgresPlace(int(major), str(schema))


def dump(engine: Engine, target: Path, begin: Callable[[None], Advance]) -> int:
    """Write the journal's tables to the new file `target`, for this user alone, as they are at one
    moment; the major version of the program that wrote them.

    `begin` gives what is called after each megabyte. Raises `JournalCopyError`.
    """
    place = place_of(engine)
    program = postgres_programs.program("pg_dump", place.major)
    tables = [
        f'--table="{place.schema}"."{name}"' for name in (*metadata.tables, "alembic_version")
    ]
    process = postgres_programs.run(
        program.path,
        ["--format=custom", f"--file={target}", *tables],
        _parameters(engine),
        target.parent,
    )
    _wait(process, target, begin(None))
    if process.returncode:
        raise JournalCopyError(f"pg_dump failed: {postgres_programs.said(target.parent)}")
    return program.major


def load(engine: Engine, file: Path, written_by: int) -> None:
    """Bring the tables in `file`, which a `pg_dump` of that major version wrote, into a database
    that has none: all of it, or nothing. Raises `JournalCopyError`.
    """
    place = place_of(engine)
    program = postgres_programs.program("pg_restore", max(place.major, written_by))
    process = postgres_programs.run(
        program.path,
        [
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            str(file),
        ],
        _parameters(engine),
        file.parent,
    )
    try:
        process.wait()
    except BaseException:
        _end(process)
        raise
    if process.returncode:
        raise JournalCopyError(f"pg_restore failed: {postgres_programs.said(file.parent)}")


def _wait(process: "subprocess.Popen[bytes]", target: Path, advance: Advance) -> None:
    """Wait for `pg_dump`, and tell how far it is."""
    told = 0
    try:
        while process.poll() is None:
            with suppress(OSError):
                while told < target.stat().st_size // MEGABYTE:
                    told += 1
                    advance()
            time.sleep(_LOOK_SECONDS)
    except BaseException:  # nobody is left to tell it to
        _end(process)
        raise


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()


def _parameters(engine: Engine) -> dict[str, Any]:
    """Libpq's parameters of an engine's URL."""
    arguments, named = engine.dialect.create_connect_args(engine.url)
    from psycopg.conninfo import conninfo_to_dict

    found = conninfo_to_dict(*arguments, **named)
    return {name: value for name, value in found.items() if name in POSTGRES_PARAMETERS}
