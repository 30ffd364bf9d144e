"""What is noted for rebuilding figures: how far it has come, and until when bodies were deleted."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from comethooks.workers.journal.tables.figure_tables import figure_marks
from comethooks.workers.journal.tables.statements import INSERT


class Mark(StrEnum):
    """What is noted."""

    DELETED = "deleted"
    """Bodies of events were deleted that had been received before this."""
    SINCE = "rebuild_since"
    UNTIL = "rebuild_until"
    BODIES = "rebuild_bodies"
    """The plan of the rebuild that is under way."""
    PLACE = "rebuild_place"
    """The last event that it has looked at."""


class MarkedPlace(NamedTuple):
    """A time, in milliseconds, and which event of that time."""

    at: int
    event_id: str | None


def all_of(connection: Connection) -> Mapping[str, MarkedPlace]:
    """Everything that is noted."""
    rows = connection.execute(select(figure_marks))
    return {name: MarkedPlace(at, event_id) for name, at, event_id in rows}


def deleted_before(connection: Connection) -> int:
    """Bodies of events were deleted that had been received before this (ms); 0 if none were."""
    found = all_of(connection).get(Mark.DELETED)
    return 0 if found is None else found.at


def put(connection: Connection, mark: Mark, at: int, event_id: str | None = None) -> None:
    """Note something, in place of what was noted."""
    insert = INSERT[connection.dialect.name](figure_marks)
    new = insert.on_conflict_do_update(
        index_elements=[figure_marks.c.name],
        set_={"at": insert.excluded["at"], "event_id": insert.excluded.event_id},
    )
    connection.execute(new, {"name": mark.value, "at": at, "event_id": event_id})


def put_later(connection: Connection, mark: Mark, at: int) -> None:
    """Note a time unless a later one is noted."""
    found = all_of(connection).get(mark)
    if found is None or found.at < at:
        put(connection, mark, at)


def drop(connection: Connection, some: Collection[Mark]) -> None:
    """Note nothing of these any more."""
    names = [mark.value for mark in some]
    connection.execute(delete(figure_marks).where(figure_marks.c.name.in_(names)))
