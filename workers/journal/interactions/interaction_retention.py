"""What is deleted of interactive messages when it is old, a few rows at a time.

A message goes with its presses once nothing was told of it for as long as events are kept; its
completions stay. Of a press that still has its message, the answers go with the bodies of events.
"""

from sqlalchemy import Connection, delete, select, tuple_, update

from comethooks.workers.journal.interactions.told import WAITS_MS
from comethooks.workers.journal.tables.interaction_tables import (
    interactive_messages,
    interactive_muids,
    presses,
)


def delete_older(connection: Connection, before: int, limit: int, now: int) -> int:
    """Delete up to `limit` messages that nothing was told of since `before`, with their presses,
    and presses that wait for a message too long; how many rows that were.
    """
    table = interactive_messages
    key = (table.c.app_id, table.c.message_id)
    query = select(*key).where(table.c.changed_at < before).order_by(table.c.changed_at)
    # Locked, so that whoever tells of one just now is not halfway.
    old = [tuple(row) for row in connection.execute(query.limit(limit).with_for_update())]
    count = 0
    if old:
        of_them = tuple_(presses.c.app_id, presses.c.message_id).in_(old)
        connection.execute(delete(presses).where(of_them))
        count += connection.execute(delete(table).where(tuple_(*key).in_(old))).rowcount
    waited = (
        select(presses.c.id)
        .where(presses.c.received_at < max(before, now - WAITS_MS), presses.c.waiting)
        .limit(limit)
    )
    count += connection.execute(delete(presses).where(presses.c.id.in_(waited))).rowcount
    muids = interactive_muids
    key = (muids.c.app_id, muids.c.muid)
    unused = select(*key).where(muids.c.changed_at < before).limit(limit)
    count += connection.execute(delete(muids).where(tuple_(*key).in_(unused))).rowcount
    return count


def drop_answers(connection: Connection, before: int, limit: int) -> int:
    """Drop the answers of up to `limit` presses that came in before `before`, and the bodies of
    messages of then; how many rows that were. What was answered stays known.
    """
    answered = (
        select(presses.c.id)
        .where(presses.c.received_at < before, presses.c.answers.is_not(None))
        .order_by(presses.c.received_at)
        .limit(limit)
    )
    dropped = update(presses).where(presses.c.id.in_(answered)).values(answers=None)
    count = connection.execute(dropped).rowcount
    table = interactive_messages
    key = (table.c.app_id, table.c.message_id)
    bodies = select(*key).where(table.c.changed_at < before, table.c.wire.is_not(None)).limit(limit)
    emptied = update(table).where(tuple_(*key).in_(bodies)).values(wire=None)
    return count + connection.execute(emptied).rowcount
