"""What is said of a database, on SQLite and on PostgreSQL."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from comethooks.doctor.database import check_database
from comethooks.doctor.finding import Finding
from comethooks.workers.journal import Journal, sqlite_file
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.settings.settings import Settings
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels, not_ok


def found(url: str, *, embedded: bool = False, **variables: str) -> dict[str, Finding]:
    settings = Settings.load({"DATABASE_URL": url, "COMETHOOKS_WORKERS": "2", **variables})
    return by_check(check_database(settings, embedded=embedded))


class TestBoth:
    def test_one_that_is_up_to_date_answers_with_its_version(self, database_url: str) -> None:
        """And has the tables."""
        upgrade(database_url)
        findings = found(database_url)
        name = "SQLite" if sqlite_file(database_url) else "PostgreSQL"
        assert f" answers: {name} " in findings["database.connection"].detail
        assert findings["database.schema"].level is OK

    def test_one_of_another_version_is_wrong(self, database_url: str) -> None:
        """With what mends it."""
        upgrade(database_url)
        with closing(Journal.open(database_url)) as journal, journal.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        finding = found(database_url)["database.schema"]
        assert finding.level is WRONG
        assert "revision 9999" in finding.detail
        assert finding.advice == "install that one"


class TestSqlite:
    def test_one_that_is_set_up_as_it_should_be_is_ok(self, tmp_path: Path) -> None:
        """Its folder can be written to, and readers and writers do not wait for each other."""
        url = f"sqlite:///{tmp_path}/journal.db"
        upgrade(url)
        findings = found(url)
        assert not_ok(findings.values()) == {}
        assert {"database.directory", "database.mode"} < set(findings)

    @pytest.mark.parametrize("embedded, level", [(True, WARNING), (False, WRONG)])
    def test_a_file_that_is_not_there_is_not_made_by_looking(
        self, tmp_path: Path, embedded: bool, level: object
    ) -> None:
        """In its usual place `up` makes it; elsewhere somebody has to."""
        findings = found(f"sqlite:///{tmp_path}/journal.db", embedded=embedded)
        assert levels(findings.values()) == {"database.connection": level}
        assert "comethooks db upgrade" in (findings["database.connection"].advice or "")
        assert os.listdir(tmp_path) == []

    def test_an_empty_file_has_no_tables(self, tmp_path: Path) -> None:
        """That is wrong, and told with the command that makes them."""
        sqlite3.connect(tmp_path / "journal.db").close()
        (tmp_path / "journal.db").touch()
        finding = found(f"sqlite:///{tmp_path}/journal.db")["database.schema"]
        assert (finding.level, finding.detail) == (
            WRONG,
            "the database has no tables of comethooks",
        )

    def test_a_file_that_is_no_database_is_wrong(self, tmp_path: Path) -> None:
        """It does not answer, in SQLite's words."""
        (tmp_path / "journal.db").write_text(
            "these are notes of the harbour master, and no database" * 100
        )
        assert levels(found(f"sqlite:///{tmp_path}/journal.db").values()) == {
            "database.connection": WRONG
        }

    def test_a_folder_that_cannot_be_written_to_is_wrong(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SQLite makes files beside its own. Root may write anywhere, so here the system's answer
        is made up.
        """
        url = f"sqlite:///{tmp_path}/journal.db"
        upgrade(url)
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
        finding = found(url)["database.directory"]
        assert finding.level is WRONG
        assert finding.detail == f"{tmp_path} cannot be written to"


class TestPostgres:
    def test_one_that_may_lose_what_it_committed_is_warned_of(self, postgres_url: str) -> None:
        """Redis forgets an event as soon as it is committed. The server of the tests does without
        fsync.
        """
        upgrade(postgres_url)
        assert not_ok(found(postgres_url).values()) == {"database.durability": WARNING}
        lax = f"{postgres_url}%20-csynchronous_commit%3Doff"
        finding = found(lax)["database.durability"]
        assert finding.detail.startswith("fsync and synchronous_commit off")

    def test_one_that_may_only_be_read_is_wrong(self, postgres_url: str) -> None:
        """A replica says the same."""
        upgrade(postgres_url)
        finding = found(f"{postgres_url}%20-cdefault_transaction_read_only%3Don")[
            "database.writing"
        ]
        assert finding.level is WRONG

    def test_the_connections_of_this_host_are_compared_with_those_that_there_may_be(
        self, postgres_url: str
    ) -> None:
        """With what they are as a rule, and with what they never exceed. Beside its limit a server
        reserves some for superusers.
        """
        upgrade(postgres_url)
        finding = found(postgres_url)["database.connections"]
        assert finding.level is OK
        assert " of 97 connections are open" in finding.detail
        assert "up to 11 as a rule, and never more than 42" in finding.detail
        many = found(postgres_url, COMETHOOKS_WORKERS="8")["database.connections"]
        assert many.level is WARNING
        assert "COMETHOOKS_DATABASE_POOL, which is 10" in (many.advice or "")
        fewer = found(postgres_url, COMETHOOKS_WORKERS="8", COMETHOOKS_DATABASE_POOL="4")
        assert fewer["database.connections"].level is OK
        wrong = found(postgres_url, COMETHOOKS_WORKERS="60")["database.connections"]
        assert wrong.level is WRONG
        assert wrong.advice == "raise max_connections, or put a pool in front"

    def test_one_that_does_not_answer_is_wrong_and_its_password_is_not_shown(self) -> None:
        """Nobody listens there."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        findings = found(f"postgresql+psycopg://ada:planted@127.0.0.1:{port}/x", embedded=True)
        assert levels(findings.values()) == {"database.connection": WRONG}
        assert "planted" not in str(findings)
