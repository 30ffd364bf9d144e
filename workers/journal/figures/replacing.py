"""Putting the draft of a rebuild in the place of the figures.

Nearly always most of both is the same. So only what differs is written, since everybody waits for
the writer of SQLite; the draft is deleted afterwards, some of it at a time.
"""

from collections.abc import Mapping

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    delete,
    exists,
    false,
    insert,
    select,
    update,
)

from comethooks.workers.analytics.metrics import (
    LATENCY_DELIVERED,
    LATENCY_READ,
    UNKNOWN_LATENCY,
)
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal.figures.adding_up import KeptBuckets
from comethooks.workers.journal.tables.figure_tables import figure_users, figures, waiting_receipts


def take_over(
    connection: Connection,
    replaced: Mapping[Size, tuple[int, int]],
    kept: KeptBuckets,
    *,
    latencies_since: int,
) -> None:
    """Replace the figures of the buckets that begin in these times (ms), by their size, by those of
    the draft; those of latency in the buckets since then.
    """
    for size, (first, last) in replaced.items():
        first = max(first, kept.since.get(size, first))
        _take_over(connection, figures, size, first, last, latencies=False)
        _take_over(connection, figures, size, max(first, latencies_since), last, latencies=True)
        _take_over(connection, figure_users, size, first, last)
    _, last = replaced[Size.DAY]
    _keep_waiting(connection, latencies_since, last)


def forget_some(connection: Connection) -> bool:
    """Delete a part of the draft, as the keys of the tables begin; false when nothing is left."""
    for table, names in _PARTS:
        columns = [table.c[name] for name in names]
        query = select(*columns).where(table.c.draft.is_(True)).limit(1)
        found = connection.execute(query).first()
        if found is not None:
            part = (column == value for column, value in zip(columns, found, strict=True))
            connection.execute(delete(table).where(table.c.draft.is_(True), *part))
            return True
    return False


def forget(connection: Connection) -> None:
    """Delete the draft, whatever there is of it."""
    for table in (figures, figure_users, waiting_receipts):
        connection.execute(delete(table).where(table.c.draft.is_(True)))


def _take_over(
    connection: Connection,
    table: Table,
    size: Size,
    first: int,
    last: int,
    *,
    latencies: bool | None = None,
) -> None:
    """Replace the rows of a table; of figures only `latencies`, or only what is none."""
    told = [column.name for column in table.c if column.name != "draft"]
    draft = table.alias("of_draft")

    def of(rows: FromClause, *, is_draft: bool) -> list[ColumnElement[bool]]:
        column = rows.c
        inside = column.size == size.value, column.bucket >= first, column.bucket < last
        if latencies is None:
            return [column.draft.is_(is_draft), *inside]
        is_latency = column.metric.in_(_LATENCIES)
        return [column.draft.is_(is_draft), *inside, is_latency if latencies else ~is_latency]

    same = and_(*(table.c[name] == draft.c[name] for name in told))
    stays = exists().where(draft.c.draft.is_(True), same).correlate(table)
    connection.execute(delete(table).where(*of(table, is_draft=False), ~stays))
    there = exists().where(table.c.draft.is_(False), same).correlate(draft)
    new = select(false(), *(draft.c[name] for name in told))
    new = new.where(*of(draft, is_draft=True), ~there)
    connection.execute(insert(table).from_select(["draft", *told], new))


def _keep_waiting(connection: Connection, first: int, last: int) -> None:
    """Let those receipts wait for their message that count as unknown in what was replaced."""
    row = waiting_receipts.c
    inside = row.counted_at >= first, row.counted_at < last
    connection.execute(delete(waiting_receipts).where(row.draft.is_(False), *inside))
    moved = update(waiting_receipts).where(row.draft.is_(True), *inside)
    connection.execute(moved.values(draft=False))


_LATENCIES = tuple(each.name for each in (LATENCY_DELIVERED, LATENCY_READ, UNKNOWN_LATENCY))
_PARTS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (figures, ("size", "metric")),
    (figure_users, ("size",)),
    (waiting_receipts, ("app_id",)),
)
