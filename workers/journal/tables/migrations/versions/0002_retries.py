"""What runs need to be tried again: when they are due, who runs them, how often that killed its
process.

Revision: 0002, after 0001. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("runs", sa.Column("next_at", sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")))
    op.add_column("runs", sa.Column("claim", sa.String(255)))
    op.add_column("runs", sa.Column("deaths", sa.BigInteger, server_default="0", nullable=False))
    op.add_column("runs", sa.Column("version", sa.String(255)))
    # Nearly every run is done when it is written: partial indexes cost those nothing.
    op.drop_index("ix_runs_state_finished_at", "runs")
    _create_partial_index("ix_runs_not_done", ["state", "finished_at"], "state <> 'done'")
    _create_partial_index("ix_runs_due", ["state", "next_at"], "next_at IS NOT NULL")


def _create_partial_index(name: str, columns: list[str], condition: str) -> None:
    op.create_index(name, "runs", columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
