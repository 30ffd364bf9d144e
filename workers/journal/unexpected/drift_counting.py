"""Counting up what is not as expected in bodies, in the transaction that writes their events.

What comes in is a stranger's, who may make up keys and triggers without end. So the table has room
for so many rows, of a trigger and in all; whatever finds no room is counted in one row for all of
it, with the path `…`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, select

from comethooks.workers.journal.tables.models import drift
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import INSERT
from comethooks.workers.journal.tables.transactions import be_alone
from comethooks.workers.journal.times import storable
from comethooks.workers.record import Record

MOST_OF_A_TRIGGER = 1000
"""Rows of one trigger, those with the path `REST` apart."""
MOST_IN_ALL = 10_000
"""Rows of all triggers, those of the trigger `REST` apart."""
REST = "…"
"""The path, or trigger and path, of a row that stands for all that found no room."""

_LOCK = 0x6472696674
"""The key of the advisory lock of whoever changes the table in PostgreSQL ("drift")."""


class Key(NamedTuple):
    """What a row is found by."""

    source: str
    trigger: str
    kind: str
    path: str


@dataclass(slots=True)
class _Tally:
    """How often something was seen, when first and last, and in which event last."""

    count: int
    first_at: int
    last_at: int
    example_id: str

    def add(self, other: "_Tally") -> None:
        self.count += other.count
        self.first_at = min(self.first_at, other.first_at)
        if other.last_at >= self.last_at:
            self.last_at, self.example_id = other.last_at, other.example_id


def lock(connection: Connection) -> None:
    """Be the only one who changes the table until the end of this transaction.

    Who counts mostly counts in the same few rows, and would wait for those anyway.
    """
    be_alone(connection, _LOCK)


def count(connection: Connection, records: Iterable[Record]) -> None:
    """Count the drift of `records`, which are events that nobody has counted yet."""
    tallies = _tallied(records)
    if not tallies:
        return
    lock(connection)
    known = _known(connection, {key.trigger for key in tallies})
    total = connection.scalar(select(func.count()).select_from(drift)) or 0
    rows = [
        {**key._asdict(), "count": tally.count, "first_at": tally.first_at}
        | {"last_at": tally.last_at, "example_id": tally.example_id}
        for key, tally in sorted(_placed(tallies, known, total).items())
    ]
    connection.execute(_upsert(connection.dialect.name), rows)


def _tallied(records: Iterable[Record]) -> dict[Key, _Tally]:
    tallies: dict[Key, _Tally] = {}
    for record in records:
        source, trigger = searchable(record.source) or "", searchable(record.trigger) or ""
        at = storable(record.received_at) or 0
        for kind, path in record.drift:
            key = Key(source, trigger, searchable(kind) or "", searchable(path) or "")
            _add(tallies, key, _Tally(1, at, at, record.id))
    return tallies


def _known(connection: Connection, triggers: Collection[str]) -> set[Key]:
    """What has a row already, of these triggers and of the rest."""
    columns = (drift.c.source, drift.c.trigger, drift.c.kind, drift.c.path)
    query = select(*columns).where(drift.c.trigger.in_([*triggers, REST]))
    return {Key(*row) for row in connection.execute(query)}


def _placed(tallies: Mapping[Key, _Tally], known: Collection[Key], total: int) -> dict[Key, _Tally]:
    """`tallies` under the keys that they find room under; `total` is how many rows there are, known
    or not.
    """
    there = set(known)
    of_trigger = Counter(key[:2] for key in there)
    placed: dict[Key, _Tally] = {}
    for key in sorted(tallies):
        place = key
        if place not in there and of_trigger[key[:2]] >= MOST_OF_A_TRIGGER:
            place = key._replace(path=REST)
        if place not in there and total >= MOST_IN_ALL:
            place = key._replace(trigger=REST, path=REST)
        if place not in there:
            there.add(place)
            of_trigger[place[:2]] += 1
            total += 1
        _add(placed, place, tallies[key])
    return placed


def _add(tallies: dict[Key, _Tally], key: Key, tally: _Tally) -> None:
    if key in tallies:
        tallies[key].add(tally)
    else:
        tallies[key] = tally


@cache
def _upsert(name: str) -> Any:
    insert = INSERT[name](drift)
    new = insert.excluded
    is_first, is_last = new.first_at < drift.c.first_at, new.last_at >= drift.c.last_at
    return insert.on_conflict_do_update(
        index_elements=list(drift.primary_key),
        set_={
            "count": drift.c["count"] + new["count"],
            "first_at": case((is_first, new.first_at), else_=drift.c.first_at),
            "last_at": case((is_last, new.last_at), else_=drift.c.last_at),
            "example_id": case((is_last, new.example_id), else_=drift.c.example_id),
        },
    )
