"""Blocks of events whose conversations and senders have other names: they forget the old ones and
tell of the new ones, in the transaction that renames them.

A value goes only from blocks none of whose events has it any more: another app may have a user of
the same uid, and two values may have the same four bytes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from comethooks.workers.journal.blocks import SEARCHED, term
from comethooks.workers.journal.tables.models import blocks, events

_BYTES = 4


class Renamed(NamedTuple):
    """A value of a searched column of an event that has another one now."""

    at: int
    field: str
    old: str
    new: str


def rename(connection: Connection, renamed: Sequence[Renamed]) -> None:
    """Let blocks tell of events by the names that they have now."""
    if not renamed:
        return
    first, last = min(each.at for each in renamed), max(each.at for each in renamed)
    covering = (blocks.c.of == events.name, blocks.c.last_at >= first, blocks.c.first_at <= last)
    # Locked in the order of their ids, as by whoever tells them of runs.
    held = select(blocks).where(*covering).order_by(blocks.c.id).with_for_update()
    found = connection.execute(held).all()
    if not found:
        return
    there = _values(
        connection, min(row.first_at for row in found), max(row.last_at for row in found)
    )
    times = [at for at, _ in there]
    ordered = sorted(renamed)
    at_times = [each.at for each in ordered]
    changed = []
    for row in found:
        mine = ordered[bisect_left(at_times, row.first_at) : bisect_right(at_times, row.last_at)]
        if not mine:
            continue
        of_block = there[bisect_left(times, row.first_at) : bisect_right(times, row.last_at)]
        kept = {each for _, terms in of_block for each in terms}
        old = {term(each.field, each.old) for each in mine} - kept
        new = {term(each.field, each.new) for each in mine}
        terms = sorted((_split(row.terms) - old) | new)
        later = [each for each in _in_turn(row.later) if each not in old]
        changed.append({"block": row.id, "told": b"".join(terms), "added": b"".join(later)})
    if changed:
        connection.execute(_TELL, changed)


def _values(connection: Connection, first: int, last: int) -> list[tuple[int, list[bytes]]]:
    """What the events of a time are found by, oldest first."""
    columns = [events.c[name] for name in SEARCHED]
    query = select(events.c.received_at, *columns).where(events.c.received_at.between(first, last))
    return [
        (row[0], [term(name, each) for name, each in zip(SEARCHED, row[1:], strict=True) if each])
        for row in connection.execute(query.order_by(events.c.received_at))
    ]


def _in_turn(text: bytes) -> Iterable[bytes]:
    return [text[place : place + _BYTES] for place in range(0, len(text), _BYTES)]


def _split(text: bytes) -> set[bytes]:
    return set(_in_turn(text))


_TELL = (
    update(blocks)
    .where(blocks.c.id == bindparam("block"))
    .values(terms=bindparam("told"), later=bindparam("added"))
)
