"""A journal as one file, whichever database it is in, and a database that gets one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from comethooks.workers.journal.copies import postgres_copies, sqlite_copies
from comethooks.workers.journal.copies.copy_facts import (
    Advance,
    CopyFacts,
    JournalCopyError,
    facts_of_copy,
    is_there,
)
from comethooks.workers.journal.errors import JournalOutdatedError
from comethooks.workers.journal.tables.database import open_engine, sqlite_file
from comethooks.workers.journal.tables.revisions import refuse_newer
from comethooks.workers.journal.tables.transactions import reading

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalCopy:
    """A journal that was copied: the `database` that it was in, the `revision` of its tables, and
    its `id`. Of PostgreSQL also the schema, and the major version of the program that wrote it.
    """

    database: str
    revision: str | None
    id: str | None
    schema: str | None = None
    written_by: int = 0


def database_of(url: str) -> str:
    """The kind of database that a URL names. Raises `JournalUrlError`."""
    return SQLITE if sqlite_file(url) is not None else POSTGRESQL


def copy_journal(url: str, target: Path, begin: Callable[[int | None], Advance]) -> JournalCopy:
    """Copy the journal at a URL, as it is at one moment, to the new file `target`, in a folder that
    is for this user alone. Everybody may go on writing.

    `begin` is told how many megabytes that will be, if it is known, and gives what is called after
    each. Raises the journal's errors, and `OSError`.
    """
    file = sqlite_file(url)
    if file is not None:
        if not file.exists():
            raise JournalOutdatedError(f"there is no journal at {file}")
        sqlite_copies.copy_sqlite(file, target, begin)
        facts = _known(sqlite_copies.check_sqlite(target))
        return JournalCopy(database=SQLITE, revision=facts.revision, id=facts.id)
    with _engine(url) as engine:
        with reading(engine) as connection:
            facts = _known(facts_of_copy(connection))
        place = postgres_copies.place_of(engine)
        major = postgres_copies.dump(engine, target, begin)
    return JournalCopy(
        database=POSTGRESQL,
        revision=facts.revision,
        id=facts.id,
        schema=place.schema,
        written_by=major,
    )


def refuse_copy(url: str, copy: JournalCopy) -> None:
    """Raise `JournalCopyError` or `JournalOutdatedError` when the database at a URL cannot be given
    such a copy, in words that say why; whether anything is there already is another question.
    """
    refuse_newer(copy.revision)
    if database_of(url) != copy.database:
        raise JournalCopyError(
            f"its journal was in {_NAMES[copy.database]}, and DATABASE_URL leads to"
            f" {_NAMES[database_of(url)]}"
        )
    if copy.database == POSTGRESQL:
        with _engine(url) as engine:
            schema = postgres_copies.place_of(engine).schema
        if schema != copy.schema:
            raise JournalCopyError(
                f"its journal was in the schema {copy.schema}, and would be looked for in {schema};"
                " name the same in the user's search_path"
            )


def journal_there(url: str) -> str | None:
    """Where there is a journal, or tables of one, at a URL already; None when there is none. Raises
    the journal's errors.
    """
    file = sqlite_file(url)
    if file is not None:
        return str(file) if file.exists() else None
    with _engine(url) as engine:
        return "the database that DATABASE_URL names" if is_there(engine) else None


def id_there(url: str) -> str | None:
    """The id of the journal at a URL; None when there is none. Raises the journal's errors."""
    if journal_there(url) is None:
        return None
    with _engine(url) as engine, reading(engine) as connection:
        return facts_of_copy(connection).id


def check_copy(file: Path, copy: JournalCopy) -> None:
    """Raise `JournalCopyError` when what is in a copied file is not what `copy` says."""
    if copy.database == SQLITE:
        facts = sqlite_copies.check_sqlite(file)
        if facts != CopyFacts(copy.revision, copy.id):
            raise JournalCopyError("the journal in it is not the one that it names")


def put_copy(url: str, file: Path, copy: JournalCopy) -> None:
    """Have the copy in `file` be the journal at a URL where there is none: all of it, or nothing.

    Raises the journal's errors, and `OSError`.
    """
    target = sqlite_file(url)
    if target is not None:
        sqlite_copies.put_sqlite(file, target)
        return
    with _engine(url) as engine:
        postgres_copies.load(engine, file, copy.written_by)


_NAMES = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}


def _known(facts: CopyFacts) -> CopyFacts:
    if facts.revision is None:
        raise JournalOutdatedError("the database has no tables of comethooks")
    return facts


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
