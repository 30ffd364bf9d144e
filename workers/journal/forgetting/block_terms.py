"""Blocks of events whose conversations and senders have other names: they forget the old ones and
tell of the new ones, in the transaction that renames them.

A value goes only from blocks none of whose events has it any more: another app may have a user of
the same uid, and two values may have the same four bytes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from comethooks.workers.journal.blocks import SEARCHED, term
from comethooks.workers.journal.tables.models import blocks, events

_BYTES = 4
_WHEN = (blocks.c.id, blocks.c.first_at, blocks.c.last_at)


class Renamed(NamedTuple):
    """A value of a searched column of an event that has another one now."""

    at: int
    id: str
    field: str
    old: str
    new: str


class StillTold(NamedTuple):
    """What blocks have to go on telling of: by block, the terms of the events of its time; and how
    many events there are in all of that time.
    """

    number: int
    terms: dict[str, set[bytes]]


def kept_in(connection: Connection, renamed: Sequence[Renamed]) -> StillTold:
    """What the blocks have to go on telling of that tell of these events: of all others of their
    time. To be asked before anybody has to wait for the answer.
    """
    found = connection.execute(select(*_WHEN).where(*_covering(renamed))).all() if renamed else []
    if not found:
        return StillTold(0, {})
    ids = {each.id for each in renamed}
    terms = {row.id: _terms(connection, row.first_at, row.last_at, ids) for row in found}
    return StillTold(_number(connection, found), terms)


def rename(connection: Connection, renamed: Sequence[Renamed], kept: StillTold) -> None:
    """Let blocks tell of events by the names that they have now. `kept` was seen before."""
    if not renamed:
        return
    # Locked in the order of their ids, as by whoever tells them of runs.
    held = select(blocks).where(*_covering(renamed)).order_by(blocks.c.id).with_for_update()
    found = connection.execute(held).all()
    if found and _number(connection, found) != kept.number:
        kept = kept_in(connection, renamed)  # others came, or went
    ordered = sorted(renamed)
    times = [each.at for each in ordered]
    changed = []
    for row in found:
        mine = ordered[bisect_left(times, row.first_at) : bisect_right(times, row.last_at)]
        if not mine:
            continue
        old = {term(each.field, each.old) for each in mine} - kept.terms.get(row.id, set())
        new = {term(each.field, each.new) for each in mine}
        terms = sorted((_split(row.terms) - old) | new)
        later = [each for each in _in_turn(row.later) if each not in old]
        changed.append({"block": row.id, "told": b"".join(terms), "added": b"".join(later)})
    if changed:
        connection.execute(_TELL, changed)


def _covering(renamed: Sequence[Renamed]) -> tuple[ColumnElement[bool], ...]:
    first, last = min(each.at for each in renamed), max(each.at for each in renamed)
    return blocks.c.of == events.name, blocks.c.last_at >= first, blocks.c.first_at <= last


def _number(connection: Connection, found: Sequence[Any]) -> int:
    """How many events there are in the time of some blocks."""
    first, last = min(row.first_at for row in found), max(row.last_at for row in found)
    between = events.c.received_at.between(first, last)
    return connection.scalar(select(func.count()).select_from(events).where(between)) or 0


def _terms(connection: Connection, first: int, last: int, ids: Collection[str]) -> set[bytes]:
    """What the events of a time are found by, but for some of them."""
    columns = [events.c[name] for name in SEARCHED]
    others = events.c.received_at.between(first, last), events.c.id.not_in(ids)
    return {
        term(name, value)
        for row in connection.execute(select(*columns).where(*others).distinct())
        for name, value in zip(SEARCHED, row, strict=True)
        if value
    }


def _in_turn(text: bytes) -> Iterable[bytes]:
    return [text[place : place + _BYTES] for place in range(0, len(text), _BYTES)]


def _split(text: bytes) -> set[bytes]:
    return set(_in_turn(text))


_TELL = (
    update(blocks)
    .where(blocks.c.id == bindparam("block"))
    .values(terms=bindparam("told"), later=bindparam("added"))
)
