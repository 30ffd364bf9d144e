"""The tables of interactive messages: what each asks for, who pressed what, who completed it, and
who belongs to which group.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text

from comethooks.workers.journal.tables.columns import (
    ID,
    NAME,
    TEXT_LENGTH,
    Instant,
    partial_index,
)
from comethooks.workers.journal.tables.models import metadata

interactive_messages = Table(
    "interactive_messages",
    metadata,
    # One is also made by a press that comes before its message: it is what everybody locks.
    Column("app_id", NAME, primary_key=True),
    Column("message_id", NAME, primary_key=True),
    Column("muid", String(TEXT_LENGTH)),
    Column("conversation_id", String(TEXT_LENGTH)),
    Column("category", String(TEXT_LENGTH)),
    # A form, a card, a scheduler, or what an app calls it; its tags, JSON; and whether there is
    # something in it that tells a server when it is pressed.
    Column("kind", String(TEXT_LENGTH)),
    Column("tags", Text),
    Column("pressable", Boolean),
    # A group's, so that presses of a new member are found.
    Column("guid", NAME),
    # What goals are judged by: JSON, null until the message is seen, and when this was so (ms).
    Column("facts", Text),
    Column("as_of", BigInteger),
    Column("deleted", Boolean, nullable=False),
    # The message itself: JSON.
    Column("wire", Text),
    # Null until the message is seen.
    Column("sent_at", Instant),
    # When something of it was last told.
    Column("changed_at", Instant, nullable=False),
    Index(None, "changed_at"),
    Index(None, "sent_at"),
    partial_index("ix_interactive_messages_guid", "app_id", "guid", where="guid IS NOT NULL"),
    sqlite_with_rowid=False,
)

interactive_muids = Table(
    "interactive_muids",
    metadata,
    # Which message has a muid: null until it is seen. Locked before the message is.
    Column("app_id", NAME, primary_key=True),
    Column("muid", NAME, primary_key=True),
    Column("message_id", NAME),
    Column("changed_at", Instant, nullable=False),
    Index(None, "changed_at"),
    sqlite_with_rowid=False,
)

presses = Table(
    "presses",
    metadata,
    # That of the event; made of what it says where a message's body tells of it.
    Column("id", ID, primary_key=True),
    Column("app_id", NAME, nullable=False),
    # Null while nothing but the message's muid is known.
    Column("message_id", NAME),
    Column("muid", NAME),
    Column("uid", NAME),
    # How the user is known.
    Column("uid_from", String(32)),
    Column("element_id", Text),
    # The answers by element, JSON; and the ids of those that have one, which are kept longer.
    Column("answers", Text),
    Column("answered", Text),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    # Whether its message was not seen yet.
    Column("waiting", Boolean, nullable=False),
    Index(None, "app_id", "message_id", "uid"),
    Index(None, "received_at"),
    partial_index("ix_presses_waiting", "app_id", "muid", where="waiting"),
    sqlite_with_rowid=False,
)

completions = Table(
    "completions",
    metadata,
    # Kept for good, as the keys of `ctx.once` are: what was told once is not told again.
    Column("app_id", NAME, primary_key=True),
    Column("message_id", NAME, primary_key=True),
    Column("uid", NAME, primary_key=True),
    # The event whose run tells of it, so that this run tells again when it is repeated, and no
    # other. Null when a replay found out: then the next one that is judged tells.
    Column("event_id", ID),
    Column("at", Instant, nullable=False),
    Column("verified", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

group_members = Table(
    "group_members",
    metadata,
    # A row without a uid says that the group's beginning was seen, so who has no row is no member.
    Column("app_id", NAME, primary_key=True),
    Column("guid", NAME, primary_key=True),
    Column("uid", NAME, primary_key=True),
    Column("joined_at", Instant),
    Column("left_at", Instant),
    sqlite_with_rowid=False,
)
