"""The table of what was decided on messages in flight."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from comethooks.workers.journal.tables.columns import ID
from comethooks.workers.journal.tables.models import metadata

decisions = Table(
    "decisions",
    metadata,
    # A table of its own, since nearly no event has one: the others cost nothing, and an event's
    # columns stay the same.
    Column("event_id", ID, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("decision", String(16), nullable=False),
    # What each decider said: a JSON list.
    Column("votes", Text, nullable=False),
    # No index of decisions: blocks tell which there are, see `workers.journal.blocks`.
    sqlite_with_rowid=False,
)
