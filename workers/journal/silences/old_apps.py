"""Which apps were heard before the table of them was made: found out of older events.

The leading scheduler does some of it once a second. The place that it has come to is a row of
`old_rows`, which the upgrade made, and which goes when it is done. Two that do it at once do some
of it twice, which changes nothing.
"""

from typing import Any

from sqlalchemy import Engine, delete, select, update

from comethooks.schemas import COMETCHAT, entry_for
from comethooks.workers.journal.listings.queries import Place, in_order
from comethooks.workers.journal.silences.heard_rows import note_heard
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.message_table import old_rows
from comethooks.workers.journal.tables.models import events

TASK = "heard apps"
_OURS = old_rows.c.task == TASK
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
        row = connection.execute(select(old_rows).where(_OURS)).first()
        if row is None:
            return 0
        after = None if row.received_at is None else Place(row.received_at, row.event_id)
        older = select(*_COLUMNS).where(events.c.received_at <= row.until)
        found = connection.execute(in_order(older, events, after, limit)).all()
    with for_writing(engine).begin() as connection:
        # Oldest first, so of each app the last one counts.
        came = filter(came_from_cometchat, found)
        note_heard(connection, {each.app_id: each.received_at for each in came})
        if found:
            at = {"received_at": found[-1].received_at, "event_id": found[-1].id}
            connection.execute(update(old_rows).where(_OURS).values(**at))
        else:
            connection.execute(delete(old_rows).where(_OURS))
    return len(found)


def came_from_cometchat(event: Any) -> bool:
    """Whether a row of `events`, or a stored event, says that CometChat reached us: not by what was
    imported.
    """
    if event.source != COMETCHAT or not event.app_id or event.partition is None:
        return False
    return entry_for(event.trigger).is_of_cometchat
