"""The tables of figures.

Revision: 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _make(
        "figure_deltas",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.Column("counted", sa.LargeBinary(), nullable=False),
        key=("id",),
    )
    _make(
        "figures",
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("size", sa.String(8), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("labels", _sorted_text(2048), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        key=("draft", "size", "metric", "bucket", "app_id", "labels"),
    )
    _make(
        "figure_users",
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("size", sa.String(8), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("uid", _sorted_text(255), nullable=False),
        key=("draft", "size", "bucket", "app_id", "uid"),
    )
    _make(
        "figure_labels",
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("label", sa.String(32), nullable=False),
        sa.Column("value", _sorted_text(255), nullable=False),
        key=("app_id", "label", "value"),
    )
    _make(
        "waiting_receipts",
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("message_id", _sorted_text(255), nullable=False),
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        key=("draft", "app_id", "message_id", "event_id"),
    )
    _make(
        "figure_marks",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", _sorted_text(36)),
        key=("name",),
    )


def _make(name: str, *columns: sa.Column[object], key: tuple[str, ...]) -> None:
    primary = sa.PrimaryKeyConstraint(*key, name=f"pk_{name}")
    op.create_table(name, *columns, primary, sqlite_with_rowid=False)


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
