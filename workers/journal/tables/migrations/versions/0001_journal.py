"""The journal's tables.

Revision: 0001. A released revision is never edited, so it names its types by itself, not through
the models, which go on changing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    _create_events()
    _create_runs()
    _create_attempts()
    _create_once_keys()
    _create_requests()
    _create_drift()
    _create_replays()


def _create_events() -> None:
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
    _create_index("events", "received_at")
    _create_index("events", "conversation_id", "received_at")
    _create_index("events", "trigger", "received_at")
    _create_index("events", "app_id", "received_at")


def _create_runs() -> None:
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
        sa.Column("failed_in", sa.Text),
        sa.Column("next_at", _instant()),
        sa.Column("claim", sa.String(255)),
        sa.Column("claimed_at", _instant()),
        sa.Column("deaths", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("version", sa.String(255)),
        sa.Column("effects", sa.Text),
        sa.Column("lane", _sorted_text(255)),
        sa.Column("place", sa.BigInteger),
        sa.PrimaryKeyConstraint("event_id", "handler", "replay", name="pk_runs"),
        _event_constraint("runs"),
        sqlite_with_rowid=False,
    )
    # Nearly every run is done when it is written: partial indexes cost those nothing.
    _create_partial_index("ix_runs_not_done", ["state", "finished_at"], "state <> 'done'")
    _create_partial_index("ix_runs_due", ["state", "next_at"], "next_at IS NOT NULL")
    in_line = "lane IS NOT NULL AND state <> 'done'"
    _create_partial_index("ix_runs_in_line", ["handler", "lane", "place"], in_line)
    _create_partial_index("ix_runs_replayed", ["replay", "state"], "replay <> ''")


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.Column("handler", _sorted_text(255), nullable=False),
        sa.Column("replay", _sorted_text(255), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("started_at", _instant()),
        sa.Column("finished_at", _instant()),
        sa.Column("error", sa.Text),
        sa.Column("effects", sa.Text),
        sa.PrimaryKeyConstraint("event_id", "handler", "replay", "number", name="pk_attempts"),
        _event_constraint("attempts"),
        sqlite_with_rowid=False,
    )


def _create_once_keys() -> None:
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
    _create_index("once_keys", "event_id")
    _create_index("once_keys", "at")


def _create_requests() -> None:
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
    _create_index("requests", "received_at")
    _create_index("requests", "event_id")


def _create_drift() -> None:
    op.create_table(
        "drift",
        sa.Column("source", _sorted_text(255), nullable=False),
        sa.Column("trigger", _sorted_text(255), nullable=False),
        sa.Column("kind", _sorted_text(255), nullable=False),
        sa.Column("path", _sorted_text(255), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_at", _instant(), nullable=False),
        sa.Column("last_at", _instant(), nullable=False),
        sa.Column("example_id", _sorted_text(36), nullable=False),
        sa.PrimaryKeyConstraint("source", "trigger", "kind", "path", name="pk_drift"),
        sqlite_with_rowid=False,
    )


def _create_replays() -> None:
    op.create_table(
        "replays",
        sa.Column("name", _sorted_text(255), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("finished_at", _instant()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("rate", sa.Double),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("expected", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("runs", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("received_at", _instant()),
        sa.Column("event_id", _sorted_text(36)),
        sa.Column("next_at", _instant(), nullable=False),
        sa.Column("claim", sa.String(255)),
        sa.Column("claimed_until", _instant()),
        sa.Column("deaths", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("alone", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_replays"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replay_events",
        sa.Column("replay", _sorted_text(255), nullable=False),
        sa.Column("event_id", _sorted_text(36), nullable=False),
        sa.PrimaryKeyConstraint("replay", "event_id", name="pk_replay_events"),
        sqlite_with_rowid=False,
    )


def _instant() -> sa.Text:
    return sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")


def _sorted_text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _event_constraint(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_event_id"
    return sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=name, ondelete="CASCADE")


def _create_index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _create_partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "runs", columns, sqlite_where=where, postgresql_where=where)
