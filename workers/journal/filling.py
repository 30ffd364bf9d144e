"""Filling in what older versions did not write: which message each older event is about.

The leading scheduler does some of it once a second, oldest event first, and a command that needs it
does all that is left (`workers.journal.old_places`).
"""

from typing import Any

from sqlalchemy import Engine, select

from comethooks.workers.journal.about_messages import insert_about, message_of, message_row
from comethooks.workers.journal.listings.few_bodies import next_places
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.old_places import SLACK_MS, end_task, note_place, place_of
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import events

TASK = "message ids"


def fill_messages(engine: Engine, *, now: int, limit: int) -> int:
    """Fill in up to `limit` older events; how many were looked at, 0 when none are left."""
    with engine.connect() as connection:
        old = place_of(connection, TASK)
        if old is None:
            return 0
        places = next_places(connection, old.after, now - SLACK_MS, limit)
        found = connection.execute(_bodies(places)) if places else ()
        messages = ((event.id, message_of(event)) for event in found)
        rows = [message_row(each, message) for each, message in messages if message is not None]
    with for_writing(engine).begin() as connection:
        if places:
            insert_about(engine.dialect.name).execute(connection, rows)
            note_place(connection, TASK, places[-1])
        elif old.until < now - SLACK_MS:
            end_task(connection, TASK)
    return len(places)


def _bodies(places: list[Place]) -> Any:
    columns = (events.c.id, events.c.trigger, events.c.source, events.c.body)
    return select(*columns).where(events.c.id.in_([place.id for place in places]))
