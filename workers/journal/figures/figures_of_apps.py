"""What is asked of the figures of all apps at once, and added up by the database: there may be
millions of rows.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, select

from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal.tables.figure_tables import figures
from comethooks.workers.texts import dumps

AppBucket = tuple[str, int]
"""An app, and when a bucket begins (ms)."""


def sums(
    connection: Connection,
    metric: str,
    *,
    size: Size,
    since: int,
    until: int,
    without: Collection[str],
) -> dict[AppBucket, int]:
    """What `FigureJournal.sums` gives."""
    column = figures.c
    total = cast(func.sum(column.value), BigInteger)
    query = _of(select(column.app_id, column.bucket, total), metric, size, since, without)
    query = query.where(column.bucket < until).group_by(column.app_id, column.bucket)
    return {(app, bucket): value for app, bucket, value in connection.execute(query)}


def first(
    connection: Connection, metric: str, *, size: Size, since: int, without: Collection[str]
) -> dict[str, int]:
    """What `FigureJournal.first` gives."""
    column = figures.c
    query = _of(select(column.app_id, func.min(column.bucket)), metric, size, since, without)
    return {row.app_id: row[1] for row in connection.execute(query.group_by(column.app_id))}


def _of(
    query: Select[Any], metric: str, size: Size, since: int, without: Collection[str]
) -> Select[Any]:
    column = figures.c
    left_out = [dumps([value]).decode() for value in sorted(without)]
    return query.where(
        column.draft.is_(False),
        column.size == size.value,
        column.metric == metric,
        column.bucket >= since,
        column.labels.not_in(left_out),
    )
