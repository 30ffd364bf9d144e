"""How far the rows of before an upgrade have been looked at, for what older versions did not write.

The upgrade makes a row of `old_rows` for each such task. Whoever has looked at some more rows notes
the place in the transaction that writes what they gave, and deletes the row at the end. So a kill
costs a step, and two that do the same step write the same twice.
"""

from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.tables.message_table import old_rows

SLACK_MS = 5 * 60 * 1000
"""What an older version, which may still be at work, writes comes no later than this."""


class OldPlace(NamedTuple):
    """What has been looked at."""

    after: Place | None
    """The last row of it; None before the first one."""
    until: int
    """When the task ends (ms): until then older versions may go on writing."""


def place_of(connection: Connection, task: str) -> OldPlace | None:
    """How far a task has come; None when it is done, or was never to be done."""
    row = connection.execute(select(old_rows).where(old_rows.c.task == task)).first()
    if row is None:
        return None
    after = None if row.received_at is None else Place(row.received_at, row.event_id)
    return OldPlace(after, row.until)


def note_place(connection: Connection, task: str, place: Place) -> None:
    """Note the last row that a task has looked at."""
    at = {"received_at": place.received_at, "event_id": place.id}
    connection.execute(update(old_rows).where(old_rows.c.task == task).values(**at))


def end_task(connection: Connection, task: str) -> None:
    """Note that nothing is left to look at."""
    connection.execute(delete(old_rows).where(old_rows.c.task == task))
