"""Replays: what was asked for, how far each has come, and the events of those that were given a
file.

Revision: 0005, after 0004. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "replays",
        sa.Column("name", _sorted_text(255), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("finished_at", _instant()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("rate", sa.Double),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("expected", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("runs", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("received_at", _instant()),
        sa.Column("event_id", _sorted_text(36)),
        sa.Column("next_at", _instant(), nullable=False),
        sa.Column("claim", sa.String(255)),
        sa.Column("claimed_until", _instant()),
        sa.Column("deaths", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("suspects", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_replays"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replay_events",
        sa.Column("replay", _sorted_text(255), nullable=False),
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.PrimaryKeyConstraint("replay", "event_id", name="pk_replay_events"),
        sqlite_with_rowid=False,
    )
