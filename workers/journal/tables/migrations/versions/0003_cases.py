"""The tables of moderation.

Revision: 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "cases",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("message_id", _sorted_text()),
        sa.Column("muid", _sorted_text()),
        sa.Column("conversation_id", sa.String(255)),
        sa.Column("sender", _sorted_text()),
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("rule", _sorted_text(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("excerpt", sa.Text),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("at_cometchat", sa.String(16)),
        sa.Column("failure", sa.Text),
        sa.Column("opened_at", _instant(), nullable=False),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.Column("closed_at", _instant()),
        sa.Column("closed_by", sa.String(255)),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sqlite_with_rowid=False,
    )
    _create_index("cases", "app_id", "message_id")
    _create_index("cases", "opened_at")
    _create_index("cases", "changed_at")
    _create_partial_index("ix_cases_open", "cases", ["severity"], "state = 'open'")
    _create_partial_index("ix_cases_in_flight", "cases", ["app_id", "muid"], "message_id IS NULL")
    op.create_table(
        "moderated_messages",
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("message", _sorted_text(), nullable=False),
        sa.Column("at_cometchat", sa.String(16)),
        sa.Column("as_of", sa.BigInteger),
        sa.Column("failure", sa.Text),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "message", name="pk_moderated_messages"),
        sqlite_with_rowid=False,
    )
    _create_index("moderated_messages", "changed_at")


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int = 255) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _create_index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _create_partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
