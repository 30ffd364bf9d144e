"""Adding a tally to the figures, or to the draft of a rebuild: the buckets of every size, who was
active, and how long messages took.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection, select

from comethooks.workers.analytics.counts import Labels
from comethooks.workers.analytics.metrics import ACTIVE, METRICS, PEAK
from comethooks.workers.analytics.sessions import OpenTimes, changes
from comethooks.workers.analytics.sizes import DAY_MS, DISTINCT, SUMMED, Size, start_of
from comethooks.workers.analytics.tally import ActiveUser, CountKey, EventTally, OpenSession
from comethooks.workers.journal.figures.latencies import RebuildDraft, latencies
from comethooks.workers.journal.tables.figure_tables import figure_labels, figure_users, figures
from comethooks.workers.journal.tables.statements import INSERT, InsertMany
from comethooks.workers.texts import dumps

MOST_VALUES = 200
"""Values of a label that have buckets of their own, of each app."""
OTHER = "other"
"""The value of a label that stands for all that came after those."""


class Bucket(NamedTuple):
    """Which figure it is."""

    size: Size
    metric: str
    bucket: int
    app_id: str
    labels: str


@dataclass(frozen=True, slots=True)
class KeptBuckets:
    """From when on there are buckets of each size: older ones are not made again (ms)."""

    since: Mapping[Size, int]

    @classmethod
    def at(cls, now: int, *, minute_days: int, hour_days: int) -> Self:
        """What there is at `now` (ms), by the settings. Days and months are kept for ever."""
        return cls({Size.MINUTE: now - minute_days * DAY_MS, Size.HOUR: now - hour_days * DAY_MS})

    def has(self, size: Size, bucket: int) -> bool:
        """Whether there is such a bucket."""
        return bucket >= self.since.get(size, bucket)


def add(
    connection: Connection,
    tally: EventTally,
    kept: KeptBuckets,
    *,
    batch: Collection[bytes],
    draft: RebuildDraft | None = None,
) -> None:
    """Add `tally`, which is of the events in `batch`, to the figures, or to a draft of them. Nobody
    else may do that until the end of the transaction.
    """
    counts = Counter(tally.counts)
    counts.update(latencies(connection, tally, batch=batch, draft=draft))
    known = _KnownValues(connection)
    values = _bounded(known, counts)
    values.update(_of_sessions(known, tally.sessions))
    known.keep()
    values.update(_new_users(connection, tally.users, kept, draft is not None))
    rows = [
        {**bucket._asdict(), "draft": draft is not None, "value": value}
        for bucket, value in values.items()
        if value and kept.has(bucket.size, bucket.bucket)
    ]
    _add_values(connection.dialect.name).execute(connection, rows)


def _bounded(known: "_KnownValues", counts: Mapping[CountKey, int]) -> Counter[Bucket]:
    values: Counter[Bucket] = Counter()
    written: dict[tuple[str, str, Labels], str] = {}
    for key in sorted(counts):
        minute, app_id, metric, labels = key
        place = (app_id, metric, labels)
        if place not in written:
            written[place] = dumps(known.bounded(*place)).decode()
        for size in SUMMED:
            bucket = start_of(size, minute)
            values[Bucket(size, metric, bucket, app_id, written[place])] += counts[key]
    return values


def _of_sessions(known: "_KnownValues", sessions: Mapping[OpenSession, int]) -> Counter[Bucket]:
    """What connections change in the peaks: what is stored has one more label, the step."""
    values: Counter[Bucket] = Counter()
    for app_id, platform, first, end in sorted(sessions):
        number = sessions[app_id, platform, first, end]
        labels = known.bounded(app_id, PEAK.name, (platform,))
        for size, bucket, step, value in changes(OpenTimes(first, end)):
            written = dumps([*labels, str(step)]).decode()
            values[Bucket(size, PEAK.name, bucket, app_id, written)] += number * value
    return values


def _new_users(
    connection: Connection, users: Iterable[ActiveUser], kept: KeptBuckets, draft: bool
) -> Counter[Bucket]:
    """How many users were not known to be active, in each bucket."""
    insert = _insert_users(connection.dialect.name)
    new: Counter[Bucket] = Counter()
    asked = set(users)
    for size in DISTINCT:
        there = [(start_of(size, at), app_id, uid) for at, app_id, uid in asked]
        rows = [
            {"draft": draft, "size": size.value, "bucket": bucket, "app_id": app_id, "uid": uid}
            for bucket, app_id, uid in set(there)
            if kept.has(size, bucket)
        ]
        found = {each[2:] for each in insert.execute_returning(connection, rows)}
        new.update(Bucket(size, ACTIVE.name, bucket, app_id, "[]") for bucket, app_id, _ in found)
        # Whoever is known of an hour is known of its day, and so on: most are, and are asked for
        # once. Of hours that are not kept nobody is known.
        asked = {each for each in there if each in found or not kept.has(size, each[0])}
    return new


class _KnownValues:
    """Which values of labels have buckets of their own. The first ones do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._of_app: dict[str, defaultdict[str, set[str]]] = {}
        self._new: list[dict[str, Any]] = []

    def bounded(self, app_id: str, metric: str, labels: Labels) -> Labels:
        """`labels`, with another value in the place of those for which there is no room."""
        names = METRICS[metric].labels if metric in METRICS else ()
        return tuple(
            value if index >= len(names) else self._bounded(app_id, names[index], value)
            for index, value in enumerate(labels)
        )

    def keep(self) -> None:
        """Write which values are new."""
        if self._new:
            insert = INSERT[self._connection.dialect.name](figure_labels)
            self._connection.execute(insert.on_conflict_do_nothing(), self._new)

    def _bounded(self, app_id: str, label: str, value: str) -> str:
        if label in _OURS:
            return value
        known = self._values_of(app_id)[label]
        if value in known:
            return value
        if len(known) >= MOST_VALUES:
            return OTHER
        known.add(value)
        self._new.append({"app_id": app_id, "label": label, "value": value})
        return value

    def _values_of(self, app_id: str) -> defaultdict[str, set[str]]:
        if app_id not in self._of_app:
            found = self._of_app[app_id] = defaultdict(set)
            query = select(figure_labels.c.label, figure_labels.c.value)
            for label, value in self._connection.execute(
                query.where(figure_labels.c.app_id == app_id)
            ):
                found[label].add(value)
        return self._of_app[app_id]


_OURS = frozenset(("kind", "quantile"))
"""Labels whose values are ours, and few."""


@cache
def _insert_users(dialect: str) -> InsertMany:
    return InsertMany(dialect, figure_users, figure_users.c.keys())


@cache
def _add_values(dialect: str) -> InsertMany:
    return InsertMany(dialect, figures, figures.c.keys(), adding="value")
