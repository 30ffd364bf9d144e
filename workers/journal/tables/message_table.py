"""The table of which event is about which message, and how far older events have been looked at."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from comethooks.workers.journal.tables.columns import ID, NAME, Instant
from comethooks.workers.journal.tables.models import metadata

about_messages = Table(
    "about_messages",
    metadata,
    # A table of its own: to fill in a column, each old event would have to be written anew, with
    # its body. It grows at its end, and so does its index, since ids of messages grow.
    Column("event_id", ID, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", NAME, nullable=False),
    Index(None, "message_id"),
    sqlite_with_rowid=False,
)

old_rows = Table(
    "old_rows",
    metadata,
    # What is to be worked out for rows of before an upgrade; who is done with it deletes the row.
    Column("task", String(64), primary_key=True),
    # The last row that was looked at.
    Column("received_at", Instant),
    Column("event_id", ID),
    # Older versions may go on writing until then.
    Column("until", Instant, nullable=False),
    sqlite_with_rowid=False,
)
