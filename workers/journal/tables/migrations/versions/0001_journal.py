"""The journal's first tables: events, runs, requests.

Revision: 0001. A released revision is never edited; it names its types by itself, not through the
models.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "events",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("trigger", sa.String(255)),
        sa.Column("name", sa.String(255)),
        sa.Column("app_id", sa.String(255)),
        sa.Column("conversation_id", sa.String(255)),
        sa.Column("sender", sa.String(255)),
        sa.Column("occurred_at", _instant()),
        sa.Column("received_at", _instant(), nullable=False),
        sa.Column("partition", sa.BigInteger),
        sa.Column("size", sa.BigInteger),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_received_at", "events", ["received_at"])
    op.create_index("ix_events_conversation_id_received_at", "events", ["conversation_id", "received_at"])
    op.create_index("ix_events_trigger_received_at", "events", ["trigger", "received_at"])
    op.create_index("ix_events_app_id_received_at", "events", ["app_id", "received_at"])
    op.create_table(
        "runs",
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("handler", _sorted_text(255), nullable=False),
        sa.Column("replay", _sorted_text(255), server_default="", nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("started_at", _instant()),
        sa.Column("finished_at", _instant()),
        sa.Column("error", sa.Text),
        sa.Column("traceback", sa.Text),
        sa.PrimaryKeyConstraint("event_id", "handler", "replay", name="pk_runs"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_runs_event_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_runs_state_finished_at", "runs", ["state", "finished_at"])
    op.create_table(
        "requests",
        sa.Column("id", _sorted_text(36), nullable=False),
        sa.Column("received_at", _instant(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.Column("errors", sa.Text),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("trigger", sa.String(255)),
        sa.Column("app_id", sa.String(255)),
        sa.Column("event_id", _sorted_text(36)),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
    )
    op.create_index("ix_requests_received_at", "requests", ["received_at"])
    op.create_index("ix_requests_event_id", "requests", ["event_id"])
