import multiprocessing
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from comethooks.workers.journal import (
    Filter,
    Journal,
    JournalOutdatedError,
    JournalUnavailableError,
    OnceClaim,
)
from comethooks.workers.journal.tables import migrate
from comethooks.workers.journal.tables.models import metadata
from comethooks.workers.states import OnceState
from tests.workers.journal.samples import T0, event, settled


def test_an_empty_database_is_not_current(url: str):
    """Neither is it made so by looking."""
    journal = Journal.open(url)
    assert not migrate.is_current(journal.engine)
    with pytest.raises(
        JournalOutdatedError, match="no tables of comethooks; run: comethooks db upgrade"
    ):
        migrate.require_current(journal.engine)
    assert inspect(journal.engine).get_table_names() == []
    journal.close()


def test_an_upgraded_database_is_current(journal: Journal):
    """After the upgrade there is nothing left to say."""
    assert migrate.is_current(journal.engine)
    migrate.require_current(journal.engine)


def test_the_revisions_make_the_tables_that_the_code_knows(journal: Journal):
    """A change of the models without a revision, or the other way round, is caught here."""
    with journal.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_upgrading_again_keeps_what_is_there(url: str, journal: Journal):
    """Every start may upgrade."""
    journal.write([settled(event(1))])
    migrate.upgrade(url)
    assert journal.event(event(1).id) is not None


def test_upgrades_at_once_wait_for_each_other(url: str):
    """Several processes that start together all find current tables, and none fails."""
    assert _exit_codes_of_upgrades_at_once(url) == [0, 0, 0]
    journal = Journal.open(url)
    assert migrate.is_current(journal.engine)
    journal.close()


def test_upgrades_at_once_keep_what_the_first_tables_hold(url: str):
    """From the first revision with rows in it: each run is there, unclaimed, and can be claimed."""
    journal = Journal.open(url)
    _upgrade_to(journal, "0001")
    with journal.engine.begin() as connection:
        connection.execute(text(_FIRST_EVENT), {"body": b"{}"})
        connection.execute(text(_FIRST_RUNS))
    with pytest.raises(JournalOutdatedError, match="at revision 0001, not at"):
        migrate.require_current(journal.engine)
    assert _exit_codes_of_upgrades_at_once(url) == [0, 0, 0]
    migrate.require_current(journal.engine)
    assert {(found.handler, found.state.value, found.next_at) for found in journal.runs()} == {
        ("a.b", "done", None),
        ("c.d", "dead", None),
    }
    assert journal.retry_runs(Filter(), T0) == 1
    (claimed,) = journal.claim("member", now=T0, until=T0 + 1, limit=10)
    assert (claimed.record.body, claimed.attempt, claimed.suspect) == (b"{}", 2, False)
    journal.close()


def test_keys_of_side_effects_get_the_app_of_their_event(url: str):
    """What was done stays known, for the app that it was done for; of an event that is gone for all
    of them.
    """
    journal = Journal.open(url)
    _upgrade_to(journal, "0006")
    with journal.engine.begin() as connection:
        connection.execute(text(_FIRST_EVENT), {"body": b"{}"})
        connection.execute(text(_APP))
        connection.execute(text(_FIRST_EVENT.replace("'e1'", "'e2'")), {"body": b"{}"})
        for key, event_id in (("kept", "e1"), ("gone", "e0"), ("lone", "e2")):
            connection.execute(text(_ONCE_KEY), {"key": key, "event_id": event_id})
    migrate.upgrade(url)
    kept = OnceClaim("shop", "app", "kept", "t", "e", "shop.f", T0, T0)
    assert journal.know_once(kept) is OnceState.DONE
    assert journal.know_once(replace(kept, app_id="another")) is None
    for app_id in (None, "app", "another"):
        gone = replace(kept, app_id=app_id, key="gone")
        assert (journal.know_once(gone), journal.enter_once(gone)) == (
            OnceState.DONE,
            (OnceState.DONE, T0),
        )
    assert journal.know_once(replace(kept, app_id=None, key="lone")) is OnceState.DONE
    assert journal.enter_once(replace(kept, key="lone")) is None
    journal.close()


def test_a_newer_database_is_left_alone(url: str, journal: Journal):
    """An old version of the program does not touch the tables of a new one, and says so."""
    _set_revision(journal, "9999")
    assert not migrate.is_current(journal.engine)
    for call in (lambda: migrate.upgrade(url), lambda: migrate.require_current(journal.engine)):
        with pytest.raises(JournalOutdatedError, match="9999, which this version does not know"):
            call()


def test_a_failed_upgrade_leaves_nothing_behind(url: str):
    """All of it is one transaction, also in SQLite."""
    journal = Journal.open(url)
    with journal.engine.begin() as connection:
        connection.execute(text("CREATE TABLE requests (id INTEGER)"))
    with pytest.raises(JournalUnavailableError):
        migrate.upgrade(url)
    assert set(inspect(journal.engine).get_table_names()) <= {"requests"}
    journal.close()


def test_a_folder_with_a_percent_sign_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Alembic's settings would take it for a reference."""
    scripts = tmp_path / "100% ours"
    shutil.copytree(migrate._SCRIPTS, scripts)
    monkeypatch.setattr(migrate, "_SCRIPTS", scripts)
    migrate.upgrade(f"sqlite:///{tmp_path}/journal.db")


_FIRST_EVENT = """
INSERT INTO events (id, source, received_at, size, headers, body)
VALUES ('e1', 'test', '2025-10-09T08:53:20.000Z', 2, '{}', :body)
"""
_APP = "UPDATE events SET app_id = 'app'"
_ONCE_KEY = """
INSERT INTO once_keys (plugin, key, state, token, event_id, handler, at, until)
VALUES ('shop', :key, 'done', 't', :event_id, 'shop.f',
        '2025-10-09T08:53:20.000Z', '2025-10-09T08:53:20.000Z')
"""
_FIRST_RUNS = """
INSERT INTO runs (event_id, handler, state, attempts)
VALUES ('e1', 'a.b', 'done', 1), ('e1', 'c.d', 'dead', 1)
"""


def _upgrade_to(journal: Journal, revision: str) -> None:
    with journal.engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _exit_codes_of_upgrades_at_once(url: str) -> list[int | None]:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(3)
    processes = [spawn.Process(target=_upgrade, args=(url, start)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def _upgrade(url: str, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    migrate.upgrade(url)


def _set_revision(journal: Journal, revision: str | None) -> None:
    with journal.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision is not None:
            connection.execute(
                text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision}
            )
