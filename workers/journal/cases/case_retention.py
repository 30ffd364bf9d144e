"""What is deleted of cases when it is old, a few rows at a time.

A case goes, open or not, once nothing was told of it for as long as events are kept: the event that
it is about is gone as well. Its excerpt goes with the bodies of events.
"""

from sqlalchemy import Connection, delete, select, tuple_, update

from comethooks.workers.journal.tables.case_tables import cases, moderated_messages


def delete_older(connection: Connection, before: int, limit: int) -> tuple[int, bool]:
    """Delete up to `limit` cases that nothing was told of since `before`, and as many messages of
    which nothing was told either; how many rows that were, and whether there may be more.
    """
    old = select(cases.c.id).where(cases.c.changed_at < before).limit(limit)
    deleted = connection.execute(delete(cases).where(cases.c.id.in_(old))).rowcount
    table = moderated_messages
    key = (table.c.app_id, table.c.message)
    unused = select(*key).where(table.c.changed_at < before).limit(limit)
    forgotten = connection.execute(delete(table).where(tuple_(*key).in_(unused))).rowcount
    return deleted + forgotten, limit in (deleted, forgotten)


def drop_excerpts(connection: Connection, before: int, limit: int) -> int:
    """Drop the excerpts of up to `limit` cases that were opened before `before`."""
    kept = cases.c.excerpt.is_not(None)
    old = select(cases.c.id).where(cases.c.opened_at < before, kept).limit(limit)
    dropped = update(cases).where(cases.c.id.in_(old)).values(excerpt=None)
    return connection.execute(dropped).rowcount
