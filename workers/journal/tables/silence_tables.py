"""The tables of apps that were heard, and of their silences."""

from sqlalchemy import BigInteger, Boolean, Column, Table

from comethooks.workers.journal.tables.columns import NAME, Instant
from comethooks.workers.journal.tables.models import metadata

heard_apps = Table(
    "heard_apps",
    metadata,
    # Every app of which CometChat ever told something.
    Column("app_id", NAME, primary_key=True),
    # The last time, give or take a minute: Redis knows it exactly, and may be emptied.
    Column("last_event_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

silences = Table(
    "silences",
    metadata,
    Column("app_id", NAME, primary_key=True),
    # When the last event before it was received: no app has two silences since the same moment.
    Column("last_event_at", Instant, primary_key=True),
    Column("found_at", Instant, nullable=False),
    # How many events were to be expected until it was found; null where nothing is known.
    Column("expected", BigInteger),
    # Whether the event that tells of it has been accepted.
    Column("told", Boolean, nullable=False),
    # When something was heard again, how many events were to be expected until then, and whether
    # that was told.
    Column("resumed_at", Instant),
    Column("resumed_expected", BigInteger),
    Column("resumed_told", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
