"""Counts messages by day and kind of conversation, in a table of its own.

One row an event, whose id is the key: an event that comes twice, because its attempt is repeated or
because it is replayed, is counted once.
"""

import threading
from datetime import date
from functools import lru_cache

from marshmallow import fields
from sqlalchemy import (
    Column,
    Date,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from comethooks import Context, MessageEvent, Plugin, Retry

plugin = Plugin("message_counts", config={"database": fields.Str(required=True)})

counted = Table(
    "counted_messages",
    MetaData(),
    Column("event_id", String(36), primary_key=True),
    Column("day", Date, nullable=False),
    Column("kind", String(8), nullable=False),
)
_opening = threading.Lock()


@plugin.on("message.sent", retry=Retry(attempts=5), replay="safe")
def count(event: MessageEvent, ctx: Context) -> None:
    """Count a message that somebody wrote, on the day (UTC) on which it was sent."""
    message = event.message
    if message.category in ("action", "call"):
        return
    day = (event.occurred_at or event.received_at).date()
    row = {"event_id": event.id, "day": day, "kind": message.receiver_type or "user"}
    if ctx.dry_run:  # the context knows nothing of this database
        ctx.log.info("would count", day=day.isoformat(), kind=row["kind"])
        return
    try:
        with _opened(ctx.config.database).begin() as connection:
            connection.execute(insert(counted).values(row))
    except IntegrityError:
        ctx.log.info("counted already")


def messages_per_day(database: str) -> dict[tuple[date, str], int]:
    """How many messages there were, by day and kind of conversation: `user` or `group`."""
    query = select(counted.c.day, counted.c.kind, func.count()).group_by(
        counted.c.day, counted.c.kind
    )
    with _opened(database).connect() as connection:
        return {
            (day, kind): number
            for day, kind, number in connection.execute(query.order_by("day", "kind"))
        }


def _opened(database: str) -> Engine:
    with _opening:
        return _engine(database)


@lru_cache(maxsize=4)
def _engine(database: str) -> Engine:
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(CreateTable(counted, if_not_exists=True))
    return engine
