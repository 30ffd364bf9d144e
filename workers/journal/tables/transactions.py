"""Transactions: those that read, those that write, and being the only one who does something."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.tables.database import for_writing


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads. Raises the journal's errors in place of SQLAlchemy's."""
    with translated(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it or, when the block raises, nothing. Raises likewise."""
    with translated(), for_writing(engine).begin() as connection:
        yield connection


def be_alone(connection: Connection, lock: int) -> None:
    """Be the only one who has this lock until the end of the transaction. SQLite has one writer as
    it is.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock})
