"""The journal's database: whether it answers, has this version's tables, and takes writes."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.journal import Journal, JournalError, JournalOutdatedError, JournalUrlError
from comethooks.workers.journal.errors import UPGRADE, translated
from comethooks.workers.journal.tables.database import database_url, missing_file
from comethooks.workers.journal.tables.migrate import require_current
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.settings import NAMES

CONNECTION = "database.connection"
SCHEMA = "database.schema"
_DURABLE = ("fsync", "synchronous_commit")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite journal; None when it is not SQLite. Raises `JournalUrlError`."""
    parsed = database_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def check_database(url: str, *, embedded: bool) -> Iterator[Finding]:
    """Check the database at `url`. `embedded`: it is the one that `comethooks up` makes."""
    place = masked_url(url)
    try:
        missing = missing_file(url)
        if missing:
            yield _no_file(missing, embedded=embedded)
            return
        with (
            translated(),
            closing(Journal.open(url)) as journal,
            journal.engine.connect() as connection,
        ):
            yield Finding(CONNECTION, Level.OK, f"{place} answers: {_version(connection)}")
            yield _schema(journal)
            yield from _sqlite(connection, url) if sqlite_file(url) else _postgres(connection)
    except JournalUrlError as error:
        yield Finding(CONNECTION, Level.WRONG, str(error))
    except JournalError as error:
        yield Finding(
            CONNECTION,
            Level.WRONG,
            f"{place} does not answer: {error}",
            f"start it, or mend {NAMES['database_url']}; until then events are kept in Redis and"
            " wait",
        )


def _no_file(file: Path, *, embedded: bool) -> Finding:
    level = Level.WARNING if embedded else Level.WRONG
    start = "start `comethooks up`, which makes it, or " if embedded else ""
    return Finding(CONNECTION, level, f"there is no database at {file} yet", f"{start}{UPGRADE}")


def _version(connection: Connection) -> str:
    numbers = connection.dialect.server_version_info or ()
    name = "SQLite" if connection.dialect.name == "sqlite" else "PostgreSQL"
    return f"{name} {'.'.join(map(str, numbers))}"


def _schema(journal: Journal) -> Finding:
    try:
        require_current(journal.engine)
    except JournalOutdatedError as error:
        detail, _, advice = str(error).rpartition("; ")
        return Finding(SCHEMA, Level.WRONG, detail or advice, advice)
    return Finding(SCHEMA, Level.OK, "the tables are those of this version")


def _sqlite(connection: Connection, url: str) -> Iterator[Finding]:
    file = sqlite_file(url) or Path()
    unwritable = [str(path) for path in (file.parent, file) if not os.access(path, os.W_OK)]
    if unwritable:
        advice = "let the user that runs comethooks write there: SQLite makes files beside its own"
        yield Finding(
            "database.directory",
            Level.WRONG,
            f"{' and '.join(unwritable)} cannot be written to",
            advice,
        )
    else:
        yield Finding("database.directory", Level.OK, f"{file.parent} can be written to")
    mode = str(connection.scalar(text("PRAGMA journal_mode"))).lower()
    if mode == "wal":
        yield Finding("database.mode", Level.OK, "journal mode wal")
    else:
        yield Finding(
            "database.mode",
            Level.WARNING,
            f"journal mode {mode} instead of wal: readers and writers wait for each other",
            "keep it on a local disk; network file systems cannot do it",
        )


def _postgres(connection: Connection) -> Iterator[Finding]:
    if connection.scalar(text("SHOW transaction_read_only")) == "on":
        yield Finding(
            "database.writing",
            Level.WRONG,
            "it may only be read: a replica, or set so",
            f"set {NAMES['database_url']} to the primary",
        )
    else:
        yield Finding("database.writing", Level.OK, "it takes writes")
    off = [name for name in _DURABLE if connection.scalar(text(f"SHOW {name}")) == "off"]
    if off:
        yield Finding(
            "database.durability",
            Level.WARNING,
            f"{' and '.join(off)} off: a power cut may take what was just journalled, and Redis has"
            " forgotten it",
            f"set {' and '.join(off)} to on",
        )
    else:
        yield Finding("database.durability", Level.OK, "what is committed is on disk")
