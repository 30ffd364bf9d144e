"""Blocks in place of indexes, the journal's identity, and since when a run waits for its plugin.

Revision: 0001b.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001b"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _create_blocks()
    for columns in ("conversation_id_received_at", "trigger_received_at", "app_id_received_at"):
        op.drop_index(f"ix_events_{columns}", "events")
    _create_identity()
    op.add_column("runs", sa.Column("left_out_at", _instant()))
    where = sa.text("left_out_at IS NOT NULL")
    op.create_index(
        "ix_runs_left_out", "runs", ["handler"], sqlite_where=where, postgresql_where=where
    )


def _create_blocks() -> None:
    op.create_table(
        "blocks",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("of", sa.String(16), nullable=False),
        sa.Column("first_at", _instant(), nullable=False),
        sa.Column("last_at", _instant(), nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.Column("later", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
    )
    op.create_index("ix_blocks_of_first_at_id", "blocks", ["of", "first_at", "id"])
    op.create_index("ix_blocks_of_last_at_id", "blocks", ["of", "last_at", "id"])


def _create_identity() -> None:
    table = op.create_table(
        "identity",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(table, [{"id": str(uuid4())}])


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
