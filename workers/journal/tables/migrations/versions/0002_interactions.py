"""The tables of interactive messages.

Revision: 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _create_messages()
    _create_presses()
    _create_completions()


def _create_messages() -> None:
    op.create_table(
        "interactive_messages",
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("message_id", _sorted_text(), nullable=False),
        sa.Column("muid", sa.String(255)),
        sa.Column("conversation_id", sa.String(255)),
        sa.Column("category", sa.String(255)),
        sa.Column("kind", sa.String(255)),
        sa.Column("tags", sa.Text),
        sa.Column("pressable", sa.Boolean),
        sa.Column("guid", _sorted_text()),
        sa.Column("facts", sa.Text),
        sa.Column("as_of", sa.BigInteger),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("wire", sa.Text),
        sa.Column("sent_at", _instant()),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "message_id", name="pk_interactive_messages"),
        sqlite_with_rowid=False,
    )
    _create_index("interactive_messages", "changed_at")
    _create_index("interactive_messages", "sent_at")
    _create_partial_index(
        "ix_interactive_messages_guid",
        "interactive_messages",
        ["app_id", "guid"],
        "guid IS NOT NULL",
    )
    op.create_table(
        "interactive_muids",
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("muid", _sorted_text(), nullable=False),
        sa.Column("message_id", _sorted_text()),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "muid", name="pk_interactive_muids"),
        sqlite_with_rowid=False,
    )
    _create_index("interactive_muids", "changed_at")


def _create_presses() -> None:
    op.create_table(
        "presses",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("message_id", _sorted_text()),
        sa.Column("muid", _sorted_text()),
        sa.Column("uid", _sorted_text()),
        sa.Column("uid_from", sa.String(32)),
        sa.Column("element_id", sa.Text),
        sa.Column("answers", sa.Text),
        sa.Column("answered", sa.Text),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("received_at", _instant(), nullable=False),
        sa.Column("waiting", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_presses"),
        sqlite_with_rowid=False,
    )
    _create_index("presses", "app_id", "message_id", "uid")
    _create_index("presses", "received_at")
    _create_partial_index("ix_presses_waiting", "presses", ["app_id", "muid"], "waiting")


def _create_completions() -> None:
    op.create_table(
        "completions",
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("message_id", _sorted_text(), nullable=False),
        sa.Column("uid", _sorted_text(), nullable=False),
        sa.Column("event_id", _sorted_text(36)),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "message_id", "uid", name="pk_completions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "group_members",
        sa.Column("app_id", _sorted_text(), nullable=False),
        sa.Column("guid", _sorted_text(), nullable=False),
        sa.Column("uid", _sorted_text(), nullable=False),
        sa.Column("joined_at", _instant()),
        sa.Column("left_at", _instant()),
        sa.PrimaryKeyConstraint("app_id", "guid", "uid", name="pk_group_members"),
        sqlite_with_rowid=False,
    )


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int = 255) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _create_index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _create_partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
