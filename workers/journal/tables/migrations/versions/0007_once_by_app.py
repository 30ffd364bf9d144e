"""A user's id means one person in one app and another in the next, so keys belong to the app, too.

Revision: 0007, after 0006. A released revision is never edited.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


_COPIED = "plugin, key, state, token, event_id, handler, at, until"


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.drop_index("ix_once_keys_event_id", "once_keys")
    op.drop_index("ix_once_keys_at", "once_keys")
    op.rename_table("once_keys", "once_keys_0004")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE once_keys_0004 DROP CONSTRAINT pk_once_keys")
    op.create_table(
        "once_keys",
        sa.Column("plugin", _sorted_text(255), nullable=False),
        sa.Column("app_id", _sorted_text(255), nullable=False),
        sa.Column("key", _sorted_text(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("token", sa.String(36), nullable=False),
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("handler", _sorted_text(255), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("until", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "app_id", "key", name="pk_once_keys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_once_keys_event_id", "once_keys", ["event_id"])
    op.create_index("ix_once_keys_at", "once_keys", ["at"])
    of_app = "COALESCE((SELECT app_id FROM events WHERE events.id = event_id), '')"
    op.execute(
        f"INSERT INTO once_keys ({_COPIED}, app_id) SELECT {_COPIED}, {of_app} FROM once_keys_0004"
    )
    op.drop_table("once_keys_0004")
