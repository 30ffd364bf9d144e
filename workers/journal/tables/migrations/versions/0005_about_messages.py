"""The table of which event is about which message.

Revision: 0005.
"""

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

from comethooks.workers.journal.times import iso, to_datetime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_DAY_MS = 24 * 3600 * 1000


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "about_messages",
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("message_id", _sorted_text(255), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_about_messages"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_about_messages_event_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_about_messages_message_id", "about_messages", ["message_id"])
    old_rows = op.create_table(
        "old_rows",
        sa.Column("task", sa.String(64), nullable=False),
        sa.Column("received_at", _instant()),
        sa.Column("event_id", _sorted_text(36)),
        sa.Column("until", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("task", name="pk_old_rows"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    # What is of this upgrade's time is not to be missed that an older version still writes.
    until = int(time.time() * 1000) + _DAY_MS
    written = iso(until) if connection.dialect.name == "sqlite" else to_datetime(until)
    tasks = [
        *(("message ids", "blocks of events") if _has_rows(connection, "events") else ()),
        *(("blocks of requests",) if _has_rows(connection, "requests") else ()),
    ]
    op.bulk_insert(old_rows, [{"task": task, "until": written} for task in tasks])


def _has_rows(connection: sa.Connection, table: str) -> bool:
    return connection.scalar(sa.text(f"SELECT 1 FROM {table} LIMIT 1")) is not None


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")
