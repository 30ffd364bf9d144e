"""The table of users who are being forgotten.

Revision: 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "tombstones",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("alias", sa.String(32), nullable=False),
        sa.Column("is_word", sa.Boolean(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("until", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tombstones"),
        sqlite_with_rowid=False,
    )


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")
