"""The table of what is not as expected in bodies: what is read from it, and what is taken out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_

from comethooks.workers.journal.listings.filters import between
from comethooks.workers.journal.listings.patterns_of_rows import meant
from comethooks.workers.journal.listings.queries import Condition
from comethooks.workers.journal.tables.models import drift
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.times import iso
from comethooks.workers.journal.unexpected.drift_counting import lock


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDrift:
    """One thing that is not as expected: of which trigger, where in the body, in how many events.

    Times are milliseconds since the epoch: when the first and the last of them were received.
    `example_id` is the last one. Trigger and path may be `…`: whatever more there is than the table
    has room for.
    """

    source: str
    trigger: str
    kind: str
    path: str
    count: int
    first_at: int
    last_at: int
    example_id: str

    def as_json(self) -> dict[str, Any]:
        """It in a listing; times in ISO 8601."""
        return {**asdict(self), "first_at": iso(self.first_at), "last_at": iso(self.last_at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFilter:
    """Which drift is meant; None means any. Times are milliseconds, on last_at: `since` included,
    `until` not.

    What changes or counts rows does not heed `limit`.
    """

    trigger: str | None = None
    """A pattern: a trigger, a canonical name of one, or either with `*`."""
    kind: str | None = None
    path: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int | None = None


ANY_DRIFT = DriftFilter()


def read(connection: Connection, asked: DriftFilter) -> list[StoredDrift]:
    """What `asked` describes; what was seen first last comes first."""
    order = (drift.c.first_at.desc(), drift.c["count"].desc(), *drift.primary_key)
    query = select(drift).where(*_conditions(asked)).order_by(*order).limit(asked.limit)
    return [StoredDrift(**row._asdict()) for row in connection.execute(query)]


def number(connection: Connection, asked: DriftFilter) -> int:
    """How many rows `asked` describes."""
    return (
        connection.scalar(select(func.count()).select_from(drift).where(*_conditions(asked))) or 0
    )


def forget(connection: Connection, asked: DriftFilter) -> int:
    """Delete what `asked` describes; how many rows that were. Seen again, it is new."""
    lock(connection)
    return connection.execute(delete(drift).where(*_conditions(asked))).rowcount


def forget_older(connection: Connection, before: int, limit: int) -> int:
    """Delete at most `limit` rows that were last seen before `before`; how many that were."""
    lock(connection)
    key = list(drift.primary_key)
    oldest = select(*key).where(drift.c.last_at < before).order_by(drift.c.last_at).limit(limit)
    return connection.execute(delete(drift).where(tuple_(*key).in_(oldest))).rowcount


def _conditions(asked: DriftFilter) -> Sequence[Condition]:
    wanted = {drift.c.kind: searchable(asked.kind), drift.c.path: searchable(asked.path)}
    return [
        *(column == value for column, value in wanted.items() if value is not None),
        *([] if asked.trigger is None else [meant(asked.trigger, drift)]),
        *between(drift.c.last_at, asked.since, asked.until),
    ]
