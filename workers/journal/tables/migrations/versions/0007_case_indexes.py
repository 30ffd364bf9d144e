"""Indexes that find the cases of a muid, and those of messages that nobody could judge.

Revision: 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.drop_index("ix_cases_in_flight", "cases")
    _create_partial_index("ix_cases_muid", ["app_id", "muid"], "muid IS NOT NULL")
    _create_partial_index("ix_cases_unjudged", ["app_id"], "state = 'open' AND origin = 'failed'")


def _create_partial_index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "cases", columns, sqlite_where=where, postgresql_where=where)
