"""Which rows a trigger's pattern means: as a condition of SQL, and in memory."""

from typing import Any

from sqlalchemy import Column, Table, and_, or_

from comethooks.workers.journal.listings.queries import Condition
from comethooks.workers.journal.listings.stored import StoredEvent
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.patterns import pattern_of
from comethooks.workers.record import Record


def meant(written: str, table: Table) -> Condition:
    """The condition that a pattern means a row of `table`.

    Refused requests and drift have no canonical name: for them, the names count that their trigger
    may have.
    """
    pattern = pattern_of(searchable(written) or "")

    def fits(column: Column[Any]) -> Condition:
        if pattern.expression is None:
            return column == pattern.text
        return column.regexp_match(pattern.expression)

    found = [fits(table.c.trigger)]
    # A known trigger is no canonical name: asked for alone, it is found by the index of triggers.
    if not pattern.is_trigger:
        named = fits(table.c.name) if "name" in table.c else table.c.trigger.in_(pattern.triggers)
        found.append(named)
    return and_(table.c.source.in_(pattern.sources), or_(*found))


def means(written: str | None, item: Record | StoredEvent, *, named: bool) -> bool:
    """What `meant` is, in memory: for a row of `events` or, unless `named`, of another table."""
    if written is None:
        return True
    pattern = pattern_of(searchable(written) or "")
    trigger = searchable(item.trigger)
    if searchable(item.source) not in pattern.sources:
        return False
    if pattern.fits(trigger) or pattern.is_trigger:
        return pattern.fits(trigger)
    return pattern.fits(searchable(item.name)) if named else trigger in pattern.triggers
