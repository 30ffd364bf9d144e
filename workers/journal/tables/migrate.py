"""How the journal's tables get to this version: Alembic, configured in code."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.tables import revisions
from comethooks.workers.journal.tables.database import for_writing, open_engine

_UPGRADE_LOCK = 0x636F6D6574
"""The key of the advisory lock that an upgrade holds in PostgreSQL ("comet")."""


def upgrade(url: str) -> None:
    """Bring the tables at `url` up to date, in one transaction. An empty database will do.

    Several upgrades may run at once: one works, the others wait and find nothing left to do. Raises
    `JournalUrlError`, `JournalUnavailableError`, and `JournalOutdatedError` when a newer version
    made them.
    """
    engine = open_engine(url)
    try:
        with translated(), for_writing(engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK}
                )
            revisions.refuse_newer(revisions.revision_of(connection))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(revisions.SCRIPTS).replace("%", "%%"))
    return config
