"""What is known of a journal that was copied, or is to be put somewhere."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, inspect, select

from comethooks.workers.journal.errors import JournalError
from comethooks.workers.journal.tables.models import identity, metadata
from comethooks.workers.journal.tables.revisions import revision_of
from comethooks.workers.journal.tables.transactions import reading

Advance = Callable[[], object]
"""Called after each megabyte of a copy."""
MEGABYTE = 2**20


class JournalCopyError(JournalError):
    """A journal cannot be copied, or a copy of one cannot be used. The text says what to do."""


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What a journal's copy says of itself: its `revision`, and the `id` of the journal."""

    revision: str | None
    id: str | None


def facts_of_copy(connection: Connection) -> CopyFacts:
    """What the journal behind `connection` says of itself."""
    known = inspect(connection).has_table(identity.name)
    found = connection.scalar(select(identity.c.id)) if known else None
    return CopyFacts(revision_of(connection), found)


def is_there(engine: Engine) -> bool:
    """Whether there is any table of a journal in the database, in whichever state."""
    names = {*metadata.tables, "alembic_version"}
    with reading(engine) as connection:
        return not names.isdisjoint(inspect(connection).get_table_names())
