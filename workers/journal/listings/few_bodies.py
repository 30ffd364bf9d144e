"""Which events to read next with their bodies, of which few are in memory at a time."""

from sqlalchemy import Connection, func, select

from comethooks.workers.journal.listings.portions import fitting
from comethooks.workers.journal.listings.queries import Place, in_order
from comethooks.workers.journal.tables.models import events


def next_places(
    connection: Connection, after: Place | None, before: int | None, limit: int
) -> list[Place]:
    """The places of up to `limit` events behind `after`, oldest first, received before `before`
    (ms); fewer where their bodies are big.
    """
    query = select(events.c.received_at, events.c.id, func.length(events.c.body))
    if before is not None:
        query = query.where(events.c.received_at < before)
    found = connection.execute(in_order(query, events, after, limit))
    return fitting((Place(at, event_id), size) for at, event_id, size in found)
