"""Adding up what new events left. The leading scheduler does it at least once a second, and whoever
wants to know figures of this moment does it before.
"""

from sqlalchemy import Connection, delete, select

from comethooks.workers.analytics.tally import EventTally, merged
from comethooks.workers.journal.figures import rebuilding
from comethooks.workers.journal.figures.adding_up import KeptBuckets, add
from comethooks.workers.journal.figures.deltas import apart
from comethooks.workers.journal.tables.figure_tables import figure_deltas
from comethooks.workers.journal.tables.transactions import be_alone

_LOCK = 0x66696775726573
"""The key of the advisory lock of whoever adds up in PostgreSQL ("figures")."""
AT_ONCE = 50
"""Rows that are added up in one transaction: SQLite has one writer, and drainers wait for it."""


def lock(connection: Connection) -> None:
    """Be the only one who changes figures until the end of this transaction."""
    be_alone(connection, _LOCK)


def is_anything_left(connection: Connection) -> bool:
    """Whether there is something to add up."""
    return connection.scalar(select(figure_deltas.c.id).limit(1)) is not None


def fold(connection: Connection, kept: KeptBuckets, limit: int = AT_ONCE) -> int:
    """Add up to `limit` of what was left to the figures; returns how many there were."""
    lock(connection)
    query = select(figure_deltas).order_by(figure_deltas.c.id).limit(limit)
    found = connection.execute(query).all()
    if found:
        written = [row.events for row in found]
        tally = merged(EventTally.decoded(row.counted) for row in found)
        add(connection, tally, kept, batch=frozenset(apart(b"".join(written))))
        rebuilding.add_behind(connection, written, tally, kept)
        ids = [row.id for row in found]
        connection.execute(delete(figure_deltas).where(figure_deltas.c.id.in_(ids)))
    return len(found)
