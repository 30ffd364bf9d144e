"""How the journal's tables get to this version: Alembic, configured in code.

It is imported when there is something to do: that takes a quarter of a second, and 15 MB.
"""

import os
from contextlib import suppress

from sqlalchemy import Connection

from comethooks.workers.journal.tables import revisions
from comethooks.workers.journal.tables.database import missing_file, open_engine
from comethooks.workers.journal.tables.sqlite_file import set_aside
from comethooks.workers.journal.tables.transactions import be_alone, writing

_UPGRADE_LOCK = 0x636F6D6574
"""The key of the advisory lock that an upgrade holds in PostgreSQL ("comet")."""


def upgrade(url: str) -> None:
    """Bring the tables at `url` up to date, in one transaction. An empty database will do.

    Several upgrades may run at once: one works, the others wait and find nothing left to do. A file
    of SQLite is made for this user alone. Raises `JournalUrlError`, `JournalUnavailableError`, and
    `JournalOutdatedError` when a newer version made them.
    """
    _make_private_file(url)
    engine = open_engine(url, make=True)
    try:
        if revisions.is_current(engine):
            return
        with writing(engine) as connection:
            be_alone(connection, _UPGRADE_LOCK)
            # Somebody else may have upgraded it meanwhile, further than this version knows.
            revision = revisions.revision_of(connection)
            revisions.refuse_newer(revision)
            if not revisions.fits(revision):
                _apply(connection)
    finally:
        engine.dispose()


def _make_private_file(url: str) -> None:
    file = missing_file(url)
    if file is not None:
        # SQLite would delete what stands beside a file that is not there, with all that was written
        # and that the file, wherever it went, has not taken in yet.
        set_aside(file)
        # The files that SQLite makes beside it get the same permissions. That there is no such
        # folder, or that it cannot be written to, SQLite says too.
        with suppress(OSError):
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))


def _apply(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(revisions.SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
