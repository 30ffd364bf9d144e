"""Keys whose event was gone when revision 0007 asked for its app: they count in every app.

Those of events without an app cannot be told from them once such an event is gone, so they count
everywhere, too.

Revision: 0009, after 0008. A released revision is never edited.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    gone = "NOT EXISTS (SELECT 1 FROM events WHERE events.id = once_keys.event_id)"
    op.execute(f"UPDATE once_keys SET app_id = '*' WHERE app_id = '' AND {gone}")
