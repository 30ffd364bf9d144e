"""Which rows a trigger's pattern means: as a condition of SQL, and in memory."""

from typing import Any

from sqlalchemy import Boolean, Column, Table, and_, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from comethooks.workers.journal.blocks import Named
from comethooks.workers.journal.listings.queries import Condition
from comethooks.workers.journal.listings.stored import StoredEvent
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.patterns import pattern_of
from comethooks.workers.record import Record


class _FitsWildcard(FunctionElement[bool]):
    """Whether a column fits a pattern with `*`: its clauses are column, GLOB and expression."""

    inherit_cache = True
    type = Boolean()


# Not LIKE, which ignores case in SQLite; and not a regular expression there, which would be a call
# of Python for each row.
@compiles(_FitsWildcard, "sqlite")
def _glob(element: _FitsWildcard, compiler: SQLCompiler, **options: Any) -> str:
    column, glob, _ = element.clauses
    return f"{compiler.process(column, **options)} GLOB {compiler.process(glob, **options)}"


@compiles(_FitsWildcard, "postgresql")
def _expression(element: _FitsWildcard, compiler: SQLCompiler, **options: Any) -> str:
    column, _, expression = element.clauses
    return f"{compiler.process(column, **options)} ~ {compiler.process(expression, **options)}"


def meant(written: str, table: Table) -> Condition:
    """The condition that a pattern means a row of `table`.

    Refused requests and drift have no canonical name: for them, the names count that their trigger
    may have.
    """
    pattern = pattern_of(searchable(written) or "")

    def fits(column: Column[Any]) -> Condition:
        if pattern.expression is None:
            return column == pattern.text
        return _FitsWildcard(column, literal(pattern.glob), literal(pattern.expression))

    found = [fits(table.c.trigger)]
    # A known trigger is no canonical name: asked for alone, it is found by the index of triggers.
    if not pattern.is_trigger:
        named = fits(table.c.name) if "name" in table.c else table.c.trigger.in_(pattern.triggers)
        found.append(named)
    return and_(table.c.source.in_(pattern.sources), or_(*found))


def means(written: str | None, item: Record | StoredEvent | Named, *, named: bool) -> bool:
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
