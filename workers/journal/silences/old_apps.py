"""Which apps were heard before the table of them was made: found out of older events.

The leading scheduler does some of it once a second (`workers.journal.old_places`).
"""

from typing import Any

from sqlalchemy import Engine, select

from comethooks.schemas import COMETCHAT, entry_for
from comethooks.workers.journal.listings.queries import Place, in_order
from comethooks.workers.journal.old_places import end_task, note_place, place_of
from comethooks.workers.journal.silences.heard_rows import note_heard
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import events

TASK = "heard apps"
_COLUMNS = (
    events.c.received_at,
    events.c.id,
    events.c.app_id,
    events.c.source,
    events.c.trigger,
    events.c.partition,
)


def fill_heard(engine: Engine, *, limit: int) -> int:
    """Look at up to `limit` older events; how many there were, 0 when none are left."""
    with engine.connect() as connection:
        old = place_of(connection, TASK)
        if old is None:
            return 0
        older = select(*_COLUMNS).where(events.c.received_at <= old.until)
        found = connection.execute(in_order(older, events, old.after, limit)).all()
    with for_writing(engine).begin() as connection:
        # Oldest first, so of each app the last one counts.
        came = filter(came_from_cometchat, found)
        note_heard(connection, {each.app_id: each.received_at for each in came})
        if found:
            note_place(connection, TASK, Place(found[-1].received_at, found[-1].id))
        else:
            end_task(connection, TASK)
    return len(found)


def came_from_cometchat(event: Any) -> bool:
    """Whether a row of `events`, or a stored event, says that CometChat reached us: not by what was
    imported.
    """
    if event.source != COMETCHAT or not event.app_id or event.partition is None:
        return False
    return entry_for(event.trigger).is_of_cometchat
