"""The tables of moderation: the cases, and what is known of the messages that they are about."""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text

from comethooks.workers.journal.tables.columns import (
    ID,
    NAME,
    TEXT_LENGTH,
    Instant,
    partial_index,
)
from comethooks.workers.journal.tables.models import metadata

OPEN = "state = 'open'"
UNJUDGED = f"{OPEN} AND origin = 'failed'"
"""Conditions of partial indexes, which databases do not recognise when they get a parameter."""

cases = Table(
    "cases",
    metadata,
    # Made of app, message and rule, so that the same case is the same row whoever opens it.
    Column("id", ID, primary_key=True),
    Column("app_id", NAME, nullable=False),
    # Null for what was dropped before it had one, and for what users press.
    Column("message_id", NAME),
    Column("muid", NAME),
    Column("conversation_id", String(TEXT_LENGTH)),
    Column("sender", NAME),
    # The event that tells of what the case is about.
    Column("event_id", ID, nullable=False),
    Column("rule", NAME, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("excerpt", Text),
    # When the message was last written that it is about (ms): an edit after that opens it again.
    Column("as_of", BigInteger, nullable=False),
    # What CometChat said of the message last, and why it could not judge it.
    Column("at_cometchat", String(16)),
    Column("failure", Text),
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", String(TEXT_LENGTH)),
    Column("note", Text),
    Index(None, "app_id", "message_id"),
    Index(None, "opened_at"),
    Index(None, "changed_at"),
    partial_index("ix_cases_open", "severity", where=OPEN),
    partial_index("ix_cases_muid", "app_id", "muid", where="muid IS NOT NULL"),
    partial_index("ix_cases_unjudged", "app_id", where=UNJUDGED),
    sqlite_with_rowid=False,
)

moderated_messages = Table(
    "moderated_messages",
    metadata,
    # A message by its id or its muid: what everybody locks who changes a case of it, and what is
    # known of it whether or not it has a case yet.
    Column("app_id", NAME, primary_key=True),
    Column("message", NAME, primary_key=True),
    # What CometChat said of it last, and of which version of it (ms).
    Column("at_cometchat", String(16)),
    Column("as_of", BigInteger),
    Column("failure", Text),
    # Whether its author or CometChat deleted it, and whether we did.
    Column("deleted", Boolean, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "changed_at"),
    sqlite_with_rowid=False,
)
