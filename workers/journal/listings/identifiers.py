"""Ids as people write them: whole, or the beginning of one."""

from sqlalchemy import Connection, Table, func, literal, select

from comethooks.workers.journal.errors import AmbiguousIdError
from comethooks.workers.texts import scrub

PREFIX_LENGTH = 6
"""The fewest characters that stand for the id which begins with them."""


def resolved(connection: Connection, identifier: str, *tables: Table) -> str | None:
    """The id in `tables` that is `identifier`, or else the only one that begins with it.

    Raises `AmbiguousIdError` when several begin so.
    """
    prefix = scrub(identifier)
    if _exact(connection, prefix, *tables):
        return prefix
    if len(prefix) < PREFIX_LENGTH:
        return None
    count, found = 0, None
    for table in tables:
        # Ids are letters, digits and dashes, which all sort before "~".
        begins_so = table.c.id.between(prefix, prefix + "~")
        number, first = connection.execute(
            select(func.count(), func.min(table.c.id)).where(begins_so)
        ).one()
        count, found = count + number, first or found
    if count > 1:
        raise AmbiguousIdError(prefix, count)
    return found


def _exact(connection: Connection, identifier: str, *tables: Table) -> bool:
    queries = (select(literal(1)).where(table.c.id == identifier) for table in tables)
    return any(connection.scalar(query) is not None for query in queries)
