"""Reading figures: sums over apps and labels, and the quantiles of what was measured."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, Select, cast, func, literal, null, select

from comethooks.workers.analytics.histogram import quantiles
from comethooks.workers.analytics.metrics import QUANTILE, QUANTILES, Metric
from comethooks.workers.analytics.sessions import peak
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal.tables.figure_tables import figures

APP = "app"
"""What figures may be told apart by, beside the labels of their metric."""

_Place = tuple[int, str | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `bucket_ms` is when its bucket begins, in milliseconds since the epoch; `app_id`
    is None where it is of all apps, and empty for events that belong to none. A value in seconds
    may have a fraction.
    """

    bucket_ms: int
    size: Size
    app_id: str | None
    metric: str
    labels: Mapping[str, str]
    value: int | float


def read(
    connection: Connection,
    metric: Metric,
    *,
    size: Size,
    since: int,
    until: int,
    app: str | None,
    by: Collection[str],
) -> Iterator[Figure]:
    """What `FigureJournal.read` gives."""
    kept = [index for index, name in enumerate(metric.labels) if name in by]
    query = _sums(
        metric,
        by_app=app is not None or APP in by,
        by_labels=bool(kept) or not metric.adds_up,
    ).where(figures.c.size == size.value, figures.c.bucket >= since, figures.c.bucket < until)
    if app is not None:
        query = query.where(figures.c.app_id == app)

    @cache
    def apart(written: str) -> tuple[tuple[str, ...], str]:
        """What is told apart by labels, and the bin of what was measured, or the step of a peak."""
        labels = orjson.loads(written)
        last = "" if metric.adds_up else labels.pop()
        return tuple(labels[index] for index in kept if index < len(labels)), last

    # Plain loops: a day by the minute is tens of thousands of figures.
    names = [metric.labels[index] for index in kept if metric.labels[index] != QUANTILE]
    found = connection.execute(query).all()
    if metric.adds_up:
        sums: defaultdict[_Place, int] = defaultdict(int)
        for bucket, named, written, value in found:
            sums[bucket, named, apart(written)[0]] += value
        for (bucket, named, told), total in sorted(sums.items()):
            if total:
                value = total / 1000 if metric.in_thousandths else total
                labels = dict(zip(names, told, strict=True))
                yield Figure(bucket, size, named, metric.name, labels, value)
        return
    parts: defaultdict[_Place, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for bucket, named, written, value in found:
        told, last = apart(written)
        parts[bucket, named, told][int(last)] += value
    for bucket, named, told in sorted(parts):
        known = dict(zip(names, told, strict=True))
        for more, value in _values(metric, parts[bucket, named, told]):
            yield Figure(bucket, size, named, metric.name, {**known, **more}, value)


def _sums(metric: Metric, *, by_app: bool, by_labels: bool) -> Select[Any]:
    """The query of sums of a metric by bucket and, if they are told apart, by app and by labels:
    adding up millions of rows is for the database.
    """
    column = figures.c
    groups = [column.bucket, *([column.app_id] * by_app), *([column.labels] * by_labels)]
    return (
        select(
            column.bucket,
            column.app_id if by_app else null(),
            column.labels if by_labels else literal("[]"),
            cast(func.sum(column.value), BigInteger),
        )
        .where(column.draft.is_(False), column.metric == metric.name)
        .group_by(*groups)
    )


def _values(
    metric: Metric, sums: Mapping[int, int]
) -> Iterator[tuple[Mapping[str, str], int | float]]:
    if metric.peak:
        if most := peak(sums):
            yield {}, most
        return
    bins = {number: count for number, count in sums.items() if count > 0}
    if bins:
        for wanted, ms in zip(QUANTILES, quantiles(bins, QUANTILES), strict=True):
            yield {QUANTILE: str(wanted)}, round(ms / 1000, 3)
