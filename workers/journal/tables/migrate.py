"""Which version the journal's tables are of, and how they get to this one: Alembic, configured in
code.
"""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from comethooks.workers.journal.errors import UPGRADE, JournalOutdatedError, translated
from comethooks.workers.journal.tables.database import for_writing, open_engine

_SCRIPTS = Path(__file__).parent / "migrations"
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
            _refuse_newer(_revision(connection))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def is_current(engine: Engine) -> bool:
    """Whether the tables behind `engine` are those of this version.

    Raises `JournalUnavailableError` when that cannot be seen.
    """
    with translated(), engine.connect() as connection:
        return _revision(connection) == _head()


def require_current(engine: Engine) -> None:
    """Raise `JournalOutdatedError`, which says what to do, unless the tables are up to date."""
    with translated(), engine.connect() as connection:
        revision = _revision(connection)
    _refuse_newer(revision)
    if revision is None:
        raise JournalOutdatedError(f"the database has no tables of comethooks; {UPGRADE}")
    if revision != _head():
        raise JournalOutdatedError(
            f"the tables are at revision {revision}, not at {_head()}; {UPGRADE}"
        )


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in _known():
        raise JournalOutdatedError(
            f"the tables are at revision {revision}, which this version does not know: "
            "a newer comethooks made them; install that one"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str:
    return _known()[0]


@cache
def _known() -> tuple[str, ...]:
    """All revisions that this version ships, the newest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
