"""What can go wrong with the journal.

    JournalError
    ├── JournalUrlError          the database's URL cannot be used
    ├── JournalUnavailableError  SQL is away, busy or full; the same call may succeed later
    ├── JournalRefusedError      SQL refuses these very rows; the same call never succeeds
    ├── JournalOutdatedError     the tables are missing or of another version
    ├── OtherJournalError        Redis holds the events of another journal
    └── AmbiguousIdError         a prefix of an id that several have

No text of an error holds a value that was to be written: PostgreSQL's own messages quote whole
rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)

UPGRADE = "run: comethooks db upgrade"

_REFUSED_CLASSES = ("22", "23", "54")
"""Classes of SQLSTATE: bad data, violated constraint, row too large for its index."""
_OUTDATED_STATES = ("42P01", "42703")
"""SQLSTATE of a missing table and of a missing column."""
_NO_CONNECTION = (OperationalError, InterfaceError)
"""What psycopg raises by itself, without a SQLSTATE, when it lost the server; its other errors are
about values."""
_REFUSED_BY_SQLITE = (IntegrityError, DataError, ProgrammingError, InterfaceError)
_OUTDATED_IN_SQLITE = ("no such table", "no such column", "has no column named")


class JournalError(Exception):
    """Root of the journal's errors."""


class JournalUrlError(JournalError):
    """The database URL cannot be used. The text says what to write instead, never the URL."""


class JournalUnavailableError(JournalError):
    """SQL cannot be reached, is busy or full. Nothing was written; it may work later."""


class JournalRefusedError(JournalError):
    """SQL refuses what it was given, whenever it is tried. Nothing was written."""


class JournalOutdatedError(JournalError):
    """The tables are not those of this version; the text says what to do."""


class OtherJournalError(JournalError):
    """Redis holds the events of another journal; the text says what to do."""


class AmbiguousIdError(JournalError):
    """Several ids begin with `prefix`: `count` of them."""

    def __init__(self, prefix: str, count: int) -> None:
        super().__init__(f"{count} ids begin with {prefix!r}; give more characters")
        self.prefix = prefix
        self.count = count


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLAlchemy's errors into the journal's."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _translation(error) from None


def _translation(error: SQLAlchemyError) -> JournalError:
    if isinstance(error, DBAPIError):
        return _from_postgres(error) if hasattr(error.orig, "sqlstate") else _from_sqlite(error)
    kind = JournalRefusedError if isinstance(error, StatementError) else JournalUnavailableError
    return kind(_name(error))


def _from_postgres(error: DBAPIError) -> JournalError:
    cause: Any = error.orig
    if cause.sqlstate is None:
        lost = isinstance(error, _NO_CONNECTION)
        return (
            JournalUnavailableError(_first_line(cause))
            if lost
            else JournalRefusedError(_name(cause))
        )
    diagnosis = cause.diag
    place = ".".join(
        filter(None, (diagnosis.table_name, diagnosis.column_name or diagnosis.constraint_name))
    )
    text = f"{_name(cause)} ({cause.sqlstate}){f' in {place}' if place else ''}"
    if cause.sqlstate in _OUTDATED_STATES:
        return JournalOutdatedError(f"{text}: the journal's tables are not up to date; {UPGRADE}")
    return (
        JournalRefusedError
        if cause.sqlstate.startswith(_REFUSED_CLASSES)
        else JournalUnavailableError
    )(text)


def _from_sqlite(error: DBAPIError) -> JournalError:
    # SQLite's own messages name tables and columns and quote no values.
    text = f"{_name(error.orig)}: {_first_line(error.orig)}"
    if any(sign in text for sign in _OUTDATED_IN_SQLITE):
        return JournalOutdatedError(f"{text}: the journal's tables are not up to date; {UPGRADE}")
    return (
        JournalRefusedError if isinstance(error, _REFUSED_BY_SQLITE) else JournalUnavailableError
    )(text)


def _name(error: BaseException | None) -> str:
    return type(error).__name__


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).splitlines()), "no message")
