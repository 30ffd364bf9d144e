"""What the runs of ordered handlers need that wait for an earlier one: what orders them, and their
place there.

Revision: 0006, after 0005. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    lane = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
    op.add_column("runs", sa.Column("lane", lane))
    op.add_column("runs", sa.Column("place", sa.BigInteger))
    condition = sa.text("lane IS NOT NULL AND state <> 'done'")
    op.create_index(
        "ix_runs_in_line",
        "runs",
        ["handler", "lane", "place"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
