"""What is not as expected in bodies: how often, since when, and an event to look at.

Revision: 0003, after 0002. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "drift",
        sa.Column("source", _sorted_text(255), nullable=False),
        sa.Column("trigger", _sorted_text(255), nullable=False),
        sa.Column("kind", _sorted_text(255), nullable=False),
        sa.Column("path", _sorted_text(255), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_at", _instant(), nullable=False),
        sa.Column("last_at", _instant(), nullable=False),
        sa.Column("example_id", _sorted_text(36), nullable=False),
        sa.PrimaryKeyConstraint("source", "trigger", "kind", "path", name="pk_drift"),
        sqlite_with_rowid=False,
    )
