"""Which events are about which message: rows beside those of events, so that they are found by it.

Each is written in the transaction that writes its event. Those of events that were there before
there was such a table are filled in later, see `workers.journal.filling`.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Select, select

from comethooks import schemas
from comethooks.schemas.message_ids import message_id_in, tells_of_messages
from comethooks.workers.journal.tables.columns import TEXT_LENGTH
from comethooks.workers.journal.tables.message_table import about_messages
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.rows import Row, searchable
from comethooks.workers.journal.tables.statements import InsertMany
from comethooks.workers.texts import cut, scrub


class KnownEvent(NamedTuple):
    """An event about a message, as far as it tells what came of the message, and when (ms)."""

    id: str
    message_id: str
    trigger: str | None
    name: str | None
    occurred_at: int | None


class _Told(Protocol):
    """What is read of an event: a record has it, and so has a row."""

    @property
    def id(self) -> str: ...
    @property
    def trigger(self) -> str | None: ...
    @property
    def source(self) -> str: ...
    @property
    def body(self) -> bytes | None: ...


class AboutMessage(NamedTuple):
    """The id of the message that an event is about, as it is searched for, and the event's decoded
    body.
    """

    message_id: str
    body: dict[str, Any]


def message_of(event: _Told) -> str | None:
    """The id of the message that an event is about, as it is searched for; None if of none."""
    found = about(event)
    return None if found is None else found.message_id


def message_row(event_id: str, message_id: str) -> Row:
    """The row of an event that is about a message."""
    return {"event_id": event_id, "message_id": message_id}


def about(event: _Told) -> AboutMessage | None:
    """Which message an event is about; None if about none.

    Many bodies at a time are not to be kept: Python would look through them again and again.
    """
    if not event.body or not tells_of_messages(event.trigger, event.source):
        return None
    try:
        body = schemas.decode(event.body)
    except schemas.NotJsonError:
        return None
    found = message_id_in(body, event.trigger, event.source)
    # As `searchable` keeps it, which remembers texts: an id is seldom met again.
    return None if found is None else AboutMessage(scrub(cut(found, TEXT_LENGTH)), body)


def events_about(message_id: str) -> Select[tuple[str]]:
    """The query of the ids of events about a message."""
    asked = about_messages.c.message_id == searchable(message_id)
    return select(about_messages.c.event_id).where(asked).correlate(None)


def known_about(
    connection: Connection, app_id: str, message_ids: Collection[str]
) -> list[KnownEvent]:
    """The events of an app about these messages; at most some thousand may be asked for."""
    columns = (events.c.id, about_messages.c.message_id, events.c.trigger, events.c.name)
    query = (
        select(*columns, events.c.occurred_at)
        .join_from(about_messages, events, events.c.id == about_messages.c.event_id)
        .where(
            about_messages.c.message_id.in_({searchable(each) for each in message_ids}),
            events.c.app_id == searchable(app_id),
        )
    )
    return [KnownEvent(*row) for row in connection.execute(query)]


@cache
def insert_about(dialect: str) -> InsertMany:
    """The insert of such rows."""
    return InsertMany(dialect, about_messages, about_messages.c.keys())
