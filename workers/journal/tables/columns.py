"""What columns of all tables are made of."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from comethooks.workers.journal.times import from_datetime, from_iso, iso, to_datetime

TEXT_LENGTH = 255
"""Characters of a text column that is searched; longer text is cut."""


def instant_in(dialect: Dialect) -> Callable[[int], str | datetime]:
    """What makes of milliseconds what an `Instant` is in that database."""
    return iso if dialect.name == "sqlite" else to_datetime


class Instant(TypeDecorator[int]):
    """Milliseconds in Python, `timestamptz` in PostgreSQL, ISO 8601 in SQLite: it sorts by time."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in that database."""
        return dialect.type_descriptor(
            Text() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)
        )

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | datetime | None:
        """What the database is given."""
        return None if value is None else instant_in(dialect)(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """What Python gets back."""
        if value is None:
            return None
        return from_iso(value) if dialect.name == "sqlite" else from_datetime(value)


def sorted_text(length: int) -> String:
    """A column of text whose order, in both databases, is that of bytes and of Python."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which `where` holds."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


ID = sorted_text(36)
NAME = sorted_text(TEXT_LENGTH)
"""A text that is searched for, and sorted."""
