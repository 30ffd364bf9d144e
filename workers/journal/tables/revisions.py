"""Which revision the journal's tables are at, read without Alembic: every process asks this at its
start, and Alembic takes a quarter of a second and 15 MB.

An upgrade runs while processes of the version before go on, and start anew: a work-horse lives for
minutes. So a revision only adds what they can do without, such as tables, and columns with a
default; what nobody needs any more is taken away by a later version. A revision with which the
version before cannot work begins a new series, 1001, 1002, …: the first digit says which one it is
of, and whoever finds a newer revision of its own series works with it.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from comethooks.workers.journal.errors import UPGRADE, JournalOutdatedError
from comethooks.workers.journal.tables.transactions import reading

SCRIPTS = Path(__file__).parent / "migrations"
"""Where Alembic finds the revisions; each is a file whose name begins with it."""


def is_current(engine: Engine) -> bool:
    """Whether the tables behind `engine` are those of this version, or newer ones that it can work
    with.

    Raises `JournalUnavailableError` when that cannot be seen.
    """
    with reading(engine) as connection:
        return fits(revision_of(connection))


def require_current(engine: Engine) -> None:
    """Raise `JournalOutdatedError`, which says what to do, unless the tables are up to date."""
    file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    if file is not None and not file.exists():
        # Said in words; SQLite would say that it cannot be opened.
        raise JournalOutdatedError(f"there is no journal at {file}; {UPGRADE}")
    with reading(engine) as connection:
        revision = revision_of(connection)
    refuse_newer(revision)
    if revision is None:
        raise JournalOutdatedError(f"the database has no tables of comethooks; {UPGRADE}")
    if not fits(revision):
        raise JournalOutdatedError(
            f"the tables are at revision {revision}, not at {_known()[0]}; {UPGRADE}"
        )


def refuse_newer(revision: str | None) -> None:
    """Raise `JournalOutdatedError` for tables of a newer version that this one cannot work with."""
    if revision is not None and revision not in _known() and not fits(revision):
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


def fits(revision: str | None) -> bool:
    """Whether this version can work with tables of a revision: its own, or a newer one that only
    adds to it.
    """
    newest = _known()[0]
    return revision is not None and revision >= newest and revision[0] == newest[0]


def _known() -> tuple[str, ...]:
    """All revisions that this version ships, the newest first."""
    files = (SCRIPTS / "versions").glob("[0-9]*_*.py")
    return tuple(sorted((file.name.partition("_")[0] for file in files), reverse=True))
