"""The table of users who are being forgotten."""

from sqlalchemy import Boolean, Column, String, Table

from comethooks.workers.journal.tables.columns import ID, NAME, Instant
from comethooks.workers.journal.tables.models import metadata

tombstones = Table(
    "tombstones",
    metadata,
    Column("id", ID, primary_key=True),
    Column("app_id", NAME, nullable=False),
    # Of the uid, with a key of this row's own, both in hexadecimal. The uid is nowhere.
    Column("digest", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    # What stands in the place of the uid.
    Column("alias", String(32), nullable=False),
    # Whether the uid may be a word of a language.
    Column("is_word", Boolean, nullable=False),
    # It is about what was received before, and there until then.
    Column("at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    sqlite_with_rowid=False,
)
