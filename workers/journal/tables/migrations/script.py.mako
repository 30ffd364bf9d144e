"""${message}.

Revision: ${up_revision}, after ${down_revision | comma,n}. A released revision is never edited.
The version before has to be able to work with these tables, or this begins a new series of numbers:
see the package's docstring.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    ${upgrades if upgrades else "pass"}
