"""Which revision the journal's tables are at, read without Alembic: every process asks this at its
start, and Alembic takes a quarter of a second and 15 MB.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from comethooks.workers.journal.errors import UPGRADE, JournalOutdatedError, translated

SCRIPTS = Path(__file__).parent / "migrations"
"""Where Alembic finds the revisions; each is a file whose name begins with it."""


def is_current(engine: Engine) -> bool:
    """Whether the tables behind `engine` are those of this version.

    Raises `JournalUnavailableError` when that cannot be seen.
    """
    with translated(), engine.connect() as connection:
        return revision_of(connection) == _known()[0]


def require_current(engine: Engine) -> None:
    """Raise `JournalOutdatedError`, which says what to do, unless the tables are up to date."""
    file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    if file is not None and not file.exists():
        # Said in words; SQLite would say that it cannot be opened.
        raise JournalOutdatedError(f"there is no journal at {file}; {UPGRADE}")
    with translated(), engine.connect() as connection:
        revision = revision_of(connection)
    refuse_newer(revision)
    if revision is None:
        raise JournalOutdatedError(f"the database has no tables of comethooks; {UPGRADE}")
    if revision != _known()[0]:
        raise JournalOutdatedError(
            f"the tables are at revision {revision}, not at {_known()[0]}; {UPGRADE}"
        )


def refuse_newer(revision: str | None) -> None:
    """Raise `JournalOutdatedError` for tables of a version that is newer than this one."""
    if revision is not None and revision not in _known():
        raise JournalOutdatedError(
            f"the tables are at revision {revision}, which this version does not know: "
            "a newer comethooks made them; install that one"
        )


def revision_of(connection: Connection) -> str | None:
    """The revision that Alembic noted; None when there are no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _known() -> tuple[str, ...]:
    """All revisions that this version ships, the newest first."""
    files = (SCRIPTS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted((file.name.partition("_")[0] for file in files), reverse=True))
