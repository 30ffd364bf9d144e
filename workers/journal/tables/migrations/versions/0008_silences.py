"""The tables of apps that were heard, and of their silences.

Revision: 0008.
"""

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

from comethooks.workers.journal.times import iso, to_datetime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "heard_apps",
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("last_event_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", name="pk_heard_apps"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "silences",
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("last_event_at", _instant(), nullable=False),
        sa.Column("found_at", _instant(), nullable=False),
        sa.Column("expected", sa.BigInteger()),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("resumed_at", _instant()),
        sa.Column("resumed_expected", sa.BigInteger()),
        sa.Column("resumed_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "last_event_at", name="pk_silences"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    if connection.scalar(sa.text("SELECT 1 FROM events LIMIT 1")):
        now = int(time.time() * 1000)
        old_rows = sa.table("old_rows", sa.column("task"), sa.column("until", _instant()))
        written = iso(now) if connection.dialect.name == "sqlite" else to_datetime(now)
        op.bulk_insert(old_rows, [{"task": "heard apps", "until": written}])


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")
