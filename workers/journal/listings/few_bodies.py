"""Which events to read next with their bodies, of which few are in memory at a time."""

from sqlalchemy import Connection, func, select

from comethooks.workers.journal.listings.queries import Place, in_order
from comethooks.workers.journal.tables.models import events

_BYTES = 4 * 2**20
"""Bodies that are in memory at a time have so many bytes, and those of one more."""


def next_places(
    connection: Connection, after: Place | None, before: int | None, limit: int
) -> list[Place]:
    """The places of up to `limit` events behind `after`, oldest first, received before `before`
    (ms); fewer where their bodies are big.
    """
    query = select(events.c.received_at, events.c.id, func.length(events.c.body))
    if before is not None:
        query = query.where(events.c.received_at < before)
    places: list[Place] = []
    total = 0
    for received_at, event_id, size in connection.execute(in_order(query, events, after, limit)):
        places.append(Place(received_at, event_id))
        total += size
        if total >= _BYTES:
            break
    return places
