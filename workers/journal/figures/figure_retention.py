"""What is deleted of figures: buckets of sizes that are not kept for ever, and receipts that waited
too long for their message: should it come after all, they are looked for in the journal.
"""

from sqlalchemy import Connection, Delete, delete, func, select

from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.journal.figures.adding_up import KeptBuckets
from comethooks.workers.journal.figures.latencies import LONGEST_MS
from comethooks.workers.journal.tables.figure_tables import figure_users, figures, waiting_receipts

MOST_WAITING = 5_000_000
"""Receipts that wait for their message; the oldest of more are given up."""


def statements(kept: KeptBuckets) -> list[Delete]:
    """What deletes the buckets that are not to be kept, each for a transaction of its own."""
    found: list[Delete] = []
    for size, since in kept.since.items():
        users = figure_users.c
        old = users.draft.is_(False), users.size == size.value, users.bucket < since
        found.append(delete(figure_users).where(*old))
        column = figures.c
        for metric in METRICS:  # the key of the table begins with them
            old = column.draft.is_(False), column.size == size.value, column.bucket < since
            found.append(delete(figures).where(*old, column.metric == metric))
    return found


def give_up_waiting(connection: Connection, now: int) -> int:
    """Delete what waits for longer than messages are looked for; returns how many rows."""
    row = waiting_receipts.c
    kept = row.draft.is_(False)  # a rebuild ends before long
    old = kept, row.counted_at < now - LONGEST_MS
    count = connection.execute(delete(waiting_receipts).where(*old)).rowcount
    number = connection.scalar(select(func.count()).select_from(waiting_receipts).where(kept)) or 0
    if number > MOST_WAITING:
        query = (
            select(row.counted_at)
            .where(kept)
            .order_by(row.counted_at)
            .offset(number - MOST_WAITING)
        )
        edge = connection.scalar(query.limit(1)) or 0
        gone = delete(waiting_receipts).where(kept, row.counted_at < edge)
        count += connection.execute(gone).rowcount
    return count
