"""Filling in what older versions did not write: which message each older event is about.

The leading scheduler does some of it once a second, oldest event first, and a command that needs it
does all that is left. The place that it has come to is a row of `old_rows`, which the upgrade made,
and which goes when it is done. Two that do it at once do some of it twice, which changes nothing.
"""

from typing import Any

from sqlalchemy import Engine, delete, select, update

from comethooks.workers.journal.about_messages import insert_about, message_of, message_row
from comethooks.workers.journal.listings.few_bodies import next_places
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.message_table import old_rows
from comethooks.workers.journal.tables.models import events

TASK = "message ids"
SLACK_MS = 5 * 60 * 1000
"""What an older version, which may still be at work, writes comes no later than this."""
_OURS = old_rows.c.task == TASK


def fill_messages(engine: Engine, *, now: int, limit: int) -> int:
    """Fill in up to `limit` older events; how many were looked at, 0 when none are left."""
    with engine.connect() as connection:
        row = connection.execute(select(old_rows).where(_OURS)).first()
        if row is None:
            return 0
        after = None if row.received_at is None else Place(row.received_at, row.event_id)
        places = next_places(connection, after, now - SLACK_MS, limit)
        found = connection.execute(_bodies(places)) if places else ()
        messages = ((event.id, message_of(event)) for event in found)
        rows = [message_row(each, message) for each, message in messages if message is not None]
    with for_writing(engine).begin() as connection:
        if places:
            insert_about(engine.dialect.name).execute(connection, rows)
            at = {"received_at": places[-1].received_at, "event_id": places[-1].id}
            connection.execute(update(old_rows).where(_OURS).values(**at))
        elif row.until < now - SLACK_MS:
            connection.execute(delete(old_rows).where(_OURS))
    return len(places)


def _bodies(places: list[Place]) -> Any:
    columns = (events.c.id, events.c.trigger, events.c.source, events.c.body)
    return select(*columns).where(events.c.id.in_([place.id for place in places]))
