import os
import shutil
import stat
import subprocess
import sys
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect, make_url, text
from sqlalchemy.schema import DropTable

from comethooks.workers.journal import (
    Journal,
    JournalOutdatedError,
    JournalUnavailableError,
    JournalUrlError,
)
from comethooks.workers.journal.tables import migrate, revisions
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import metadata
from tests.forked import context
from tests.workers.journal.samples import event, settled

NEWEST = max(file.name[:4] for file in (revisions.SCRIPTS / "versions").glob("[0-9]*_*.py"))
"""The revision of this version's tables."""


def test_an_empty_database_is_not_current(url: str):
    """Neither is it made so by looking."""
    journal = Journal.open(url, make=True)
    assert not revisions.is_current(journal.engine)
    with pytest.raises(
        JournalOutdatedError, match="no tables of comethooks; run: comethooks db upgrade"
    ):
        revisions.require_current(journal.engine)
    assert inspect(journal.engine).get_table_names() == []
    journal.close()


def test_an_upgraded_database_is_current(journal: Journal):
    """After the upgrade there is nothing left to say."""
    assert revisions.is_current(journal.engine)
    revisions.require_current(journal.engine)


def test_where_nothing_is_to_be_done_alembic_is_not_loaded(journal: Journal):
    """It takes a quarter of a second, and most starts find the tables as they left them."""
    code = (
        "import sys; from comethooks.workers.journal import Journal; Journal.upgrade(sys.argv[1]);"
        "sys.exit('alembic' in sys.modules)"
    )
    url = journal.engine.url.render_as_string(hide_password=False)
    assert subprocess.run([sys.executable, "-P", "-c", code, url], check=False).returncode == 0


def test_the_revisions_make_the_tables_that_the_code_knows(journal: Journal):
    """Column by column and index by index, as the database itself describes them."""
    made = _described(journal)
    with journal.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(DropTable(table))
    journal.create_tables()
    assert made == _described(journal)


def test_upgrading_again_keeps_what_is_there(url: str, journal: Journal):
    """Every start may upgrade."""
    journal.write([settled(event(1))])
    migrate.upgrade(url)
    assert journal.event(event(1).id) is not None


def test_upgrades_at_once_wait_for_each_other(url: str):
    """Several processes that start together all find current tables, and none fails."""
    assert _exit_codes_of_upgrades_at_once(url) == [0, 0, 0]
    journal = Journal.open(url)
    assert revisions.is_current(journal.engine)
    journal.close()


def test_the_next_revision_is_asked_for_and_keeps_what_is_there(
    url: str, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A version that ships one more says what the tables are at, and what to do."""
    journal.write([settled(event(1))])
    scripts = tmp_path / "scripts"
    shutil.copytree(revisions.SCRIPTS, scripts)
    (scripts / "versions" / "9998_next.py").write_text(_NEXT.format(newest=NEWEST))
    monkeypatch.setattr(revisions, "SCRIPTS", scripts)
    with pytest.raises(JournalOutdatedError, match=f"at revision {NEWEST}, not at 9998; run: "):
        revisions.require_current(journal.engine)
    migrate.upgrade(url)
    revisions.require_current(journal.engine)
    assert journal.event(event(1).id) is not None


def test_a_newer_database_is_left_alone(url: str, journal: Journal):
    """An old version of the program does not touch the tables of a new one, and says so."""
    _set_revision(journal, "9999")
    assert not revisions.is_current(journal.engine)
    for call in (lambda: migrate.upgrade(url), lambda: revisions.require_current(journal.engine)):
        with pytest.raises(JournalOutdatedError, match="9999, which this version does not know"):
            call()


def test_newer_tables_to_which_something_was_added_are_worked_with(url: str, journal: Journal):
    """While an upgrade is going on, processes of the version before go on and start anew."""
    with for_writing(journal.engine).begin() as connection:
        connection.execute(text("ALTER TABLE events ADD COLUMN added_later INTEGER DEFAULT 7"))
    _set_revision(journal, "0999")
    revisions.require_current(journal.engine)
    migrate.upgrade(url)
    with journal.engine.connect() as connection:
        assert revisions.revision_of(connection) == "0999"
    journal.write([settled(event(1))])
    assert journal.event(event(1).id) is not None


def test_a_new_series_of_revisions_is_left_alone(url: str, journal: Journal):
    """It has taken something away that this version needs."""
    _set_revision(journal, f"{int(NEWEST[0]) + 1}001")
    for call in (lambda: migrate.upgrade(url), lambda: revisions.require_current(journal.engine)):
        with pytest.raises(JournalOutdatedError, match="1001, which this version does not know"):
            call()


def test_a_failed_upgrade_leaves_nothing_behind(url: str):
    """All of it is one transaction, also in SQLite."""
    journal = Journal.open(url, make=True)
    with journal.engine.begin() as connection:
        connection.execute(text("CREATE TABLE requests (id INTEGER)"))
    with pytest.raises(JournalUnavailableError):
        migrate.upgrade(url)
    assert set(inspect(journal.engine).get_table_names()) <= {"requests"}
    journal.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused_in_words(
    postgres_server: str, encoding: str
):
    """SQL_ASCII is what PostgreSQL makes on a machine without a language."""
    name = f"other_{encoding.lower()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        )
        try:
            url = make_url(postgres_server).set(database=name)
            with pytest.raises(JournalUrlError, match=f"in {encoding}, .*: createdb -E UTF8"):
                migrate.upgrade(url.render_as_string(hide_password=False))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_folder_with_a_percent_sign_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Alembic's settings would take it for a reference."""
    scripts = tmp_path / "100% ours"
    shutil.copytree(revisions.SCRIPTS, scripts)
    monkeypatch.setattr(revisions, "SCRIPTS", scripts)
    migrate.upgrade(f"sqlite:///{tmp_path}/journal.db")


_NEXT = """
revision, down_revision, branch_labels, depends_on = "9998", "{newest}", None, None


def upgrade():
    pass
"""


def _described(journal: Journal) -> list[tuple[str, ...]]:
    """The tables and indexes as the database keeps them; what differs is told by its name."""
    queries = _DESCRIPTIONS[journal.engine.dialect.name]
    with journal.engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.execute(text(query))]
    return [tuple(" ".join(str(value).split()) for value in row) for row in rows]


_DESCRIPTIONS = {
    "sqlite": ["SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' ORDER BY name"],
    "postgresql": [
        "SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length,"
        " is_nullable, column_default, collation_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() ORDER BY 1, 2",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2",
    ],
}


def _exit_codes_of_upgrades_at_once(url: str) -> list[int | None]:
    start = context.Barrier(3)
    processes = [context.Process(target=_upgrade, args=(url, start)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def _upgrade(url: str, start: Barrier) -> None:
    start.wait()
    migrate.upgrade(url)


def _set_revision(journal: Journal, revision: str | None) -> None:
    with journal.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision is not None:
            connection.execute(
                text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision}
            )


@pytest.mark.parametrize(("durable", "mode"), [(True, 2), (False, 0)])
def test_only_a_journal_that_has_to_last_waits_for_the_disk(
    tmp_path: Path, durable: bool, mode: int
):
    """SQLite's own number for that: FULL, or OFF."""
    journal = Journal.open(f"sqlite:///{tmp_path}/journal.db", durable=durable, make=True)
    with journal.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == mode
    journal.close()


def test_the_file_is_for_this_user_alone(tmp_path: Path):
    """With what SQLite writes beside it: they hold what people wrote to each other."""
    before = os.umask(0o022)
    try:
        url = f"sqlite:///{tmp_path}/journal.db"
        migrate.upgrade(url)
        with closing(Journal.open(url)) as journal, for_writing(journal.engine).begin():
            files = list(tmp_path.iterdir())
            assert len(files) > 1
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(before)
