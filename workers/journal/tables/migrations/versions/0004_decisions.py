"""The table of what was decided on messages in flight.

Revision: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "decisions",
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("votes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_decisions"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_decisions_event_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
