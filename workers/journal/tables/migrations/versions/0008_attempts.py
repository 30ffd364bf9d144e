"""What became of the attempts of a run before its last one, and when a run was claimed.

Revision: 0008, after 0007. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("runs", sa.Column("claimed_at", _instant()))
    op.create_table(
        "attempts",
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("handler", _sorted_text(255), nullable=False),
        sa.Column("replay", _sorted_text(255), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("started_at", _instant()),
        sa.Column("finished_at", _instant()),
        sa.Column("error", sa.Text),
        sa.Column("effects", sa.Text),
        sa.PrimaryKeyConstraint("event_id", "handler", "replay", "number", name="pk_attempts"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_attempts_event_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
