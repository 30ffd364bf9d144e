"""What runs do to the outside, and what of it is to happen at most once.

Revision: 0004, after 0003. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("runs", sa.Column("effects", sa.Text))
    op.create_table(
        "once_keys",
        sa.Column("plugin", _sorted_text(255), nullable=False),
        sa.Column("key", _sorted_text(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("token", sa.String(36), nullable=False),
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("handler", _sorted_text(255), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("until", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "key", name="pk_once_keys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_once_keys_event_id", "once_keys", ["event_id"])
    op.create_index("ix_once_keys_at", "once_keys", ["at"])
