"""The tables of figures: what was counted, and what of it is still to be added up."""

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, String, Table

from comethooks.workers.journal.tables.columns import ID, NAME, sorted_text
from comethooks.workers.journal.tables.models import metadata

LABELS_LENGTH = 2048
"""Characters of the labels of a figure, a JSON list: three labels of 100 characters, each of which
may need six.
"""

figure_deltas = Table(
    "figure_deltas",
    metadata,
    # What the events of one transaction count for. Rows are added, and nobody waits for anybody.
    Column("id", ID, primary_key=True),
    # The ids of the events, 16 bytes each.
    Column("events", LargeBinary, nullable=False),
    Column("counted", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

figures = Table(
    "figures",
    metadata,
    # A draft is what a rebuild has come to so far.
    Column("draft", Boolean, primary_key=True),
    Column("size", String(8), primary_key=True),
    Column("metric", String(64), primary_key=True),
    # When the bucket begins, in milliseconds.
    Column("bucket", BigInteger, primary_key=True),
    # Empty for events that belong to no app.
    Column("app_id", NAME, primary_key=True),
    Column("labels", sorted_text(LABELS_LENGTH), primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

figure_users = Table(
    "figure_users",
    metadata,
    # Who was active.
    Column("draft", Boolean, primary_key=True),
    Column("size", String(8), primary_key=True),
    Column("bucket", BigInteger, primary_key=True),
    Column("app_id", NAME, primary_key=True),
    Column("uid", NAME, primary_key=True),
    sqlite_with_rowid=False,
)

figure_labels = Table(
    "figure_labels",
    metadata,
    # The values of a label that have buckets of their own.
    Column("app_id", NAME, primary_key=True),
    Column("label", String(32), primary_key=True),
    Column("value", NAME, primary_key=True),
    sqlite_with_rowid=False,
)

waiting_receipts = Table(
    "waiting_receipts",
    metadata,
    # Receipts of messages that are not in the journal yet, if they ever will be.
    Column("draft", Boolean, primary_key=True),
    Column("app_id", NAME, primary_key=True),
    Column("message_id", NAME, primary_key=True),
    Column("event_id", ID, primary_key=True),
    Column("metric", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    # When it counts, and when the receipt says that it was, in milliseconds.
    Column("counted_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

figure_marks = Table(
    "figure_marks",
    metadata,
    # What rebuilding needs to know: until when bodies were deleted, and how far it has come.
    Column("name", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("event_id", ID),
    sqlite_with_rowid=False,
)
