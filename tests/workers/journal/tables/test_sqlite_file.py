"""A journal's file that is moved or replaced while it is open: nothing is written where nobody
would find it.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from comethooks.workers.journal import (
    Journal,
    JournalOutdatedError,
    JournalUnavailableError,
)
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.sqlite_file import ASIDE
from tests.tables import make_tables
from tests.workers.journal.samples import event, settled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """A journal with tables and one event, whose file is open."""
    make_tables(f"sqlite:///{path}")
    with closing(Journal.open(f"sqlite:///{path}")) as opened:
        write(opened, 0)
        yield opened


def write(journal: Journal, number: int) -> None:
    """Write the event with that number."""
    journal.write([settled(event(number))])


def ids(path: Path) -> set[str]:
    """The events in the journal at `path`, read from a process that has just come."""
    with closing(Journal.open(f"sqlite:///{path}")) as journal:
        return {each.id for each in journal.events()}


class TestMoved:
    def test_nothing_is_written_until_the_file_is_back(self, journal: Journal, path: Path) -> None:
        """The journal is away meanwhile, and no empty file takes its place."""
        elsewhere = path.with_name("elsewhere.db")
        path.rename(elsewhere)
        for _ in range(2):
            with pytest.raises(JournalUnavailableError, match="not there any more"):
                write(journal, 1)
        assert not path.exists()
        elsewhere.rename(path)
        write(journal, 1)
        assert ids(path) == {event(0).id, event(1).id}

    def test_a_transaction_that_is_under_way_is_not_committed(
        self, journal: Journal, path: Path
    ) -> None:
        """It began before the file was moved."""
        with for_writing(journal.engine).connect() as connection:
            connection.exec_driver_sql("DELETE FROM events")
            path.rename(path.with_name("elsewhere.db"))
            with pytest.raises(OperationalError, match="was moved or deleted while it was open"):
                connection.commit()
        path.with_name("elsewhere.db").rename(path)
        assert ids(path) == {event(0).id}

    def test_a_process_that_comes_then_makes_no_file(self, journal: Journal, path: Path) -> None:
        """SQLite would mix what it holds with the log of the one before."""
        path.rename(path.with_name("elsewhere.db"))
        with (
            closing(Journal.open(f"sqlite:///{path}")) as other,
            pytest.raises(JournalOutdatedError, match="there is no journal at"),
        ):
            other.require_current()
        assert not path.exists()


class TestMadeAnew:
    def test_what_a_moved_file_had_not_taken_in_is_kept(self, journal: Journal, path: Path) -> None:
        """SQLite would delete the log that a new file finds beside itself."""
        elsewhere = path.with_name("elsewhere.db")
        path.rename(elsewhere)
        Journal.upgrade(f"sqlite:///{path}")
        journal.close()
        Path(f"{path}-wal{ASIDE}").rename(f"{elsewhere}-wal")
        assert ids(elsewhere) == {event(0).id}


class TestReplaced:
    def test_what_is_written_next_is_in_the_file_that_is_there(
        self, journal: Journal, path: Path
    ) -> None:
        """With nothing of the one before mixed in: its log is set aside."""
        other = path.with_name("other.db")
        make_tables(f"sqlite:///{other}")
        with closing(Journal.open(f"sqlite:///{other}")) as backup:
            write(backup, 7)
        os.replace(other, path)
        write(journal, 1)
        write(journal, 2)
        assert ids(path) == {event(number).id for number in (1, 2, 7)}
        assert Path(f"{path}-wal{ASIDE}").exists()
        with closing(Journal.open(f"sqlite:///{path}")) as found, found.engine.connect() as reading:
            assert reading.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"

    def test_who_still_has_the_one_before_leaves_the_next_one_alone(
        self, journal: Journal, path: Path
    ) -> None:
        """Another thread has gone on with it, so that what stands beside it is its own."""
        other = path.with_name("other.db")
        make_tables(f"sqlite:///{other}")
        with for_writing(journal.engine).connect() as connection:
            connection.exec_driver_sql("DELETE FROM events")
            os.replace(other, path)
            write(journal, 1)
            with pytest.raises(OperationalError, match="was replaced while it was open"):
                connection.commit()
        assert ids(path) == {event(1).id}

    def test_twice_each_log_is_kept(self, journal: Journal, path: Path) -> None:
        """Events may be in both of them."""
        for number in (1, 2):
            other = path.with_name("other.db")
            make_tables(f"sqlite:///{other}")
            os.replace(other, path)
            write(journal, number)
        assert len(list(path.parent.glob(f"*-wal{ASIDE}*"))) == 2

    def test_without_tables_it_is_waited_for(self, journal: Journal, path: Path) -> None:
        """As with a journal that was never made."""
        other = path.with_name("other.db")
        other.touch()
        os.replace(other, path)
        with pytest.raises(JournalOutdatedError):
            write(journal, 1)

    def test_a_transaction_that_is_under_way_is_not_committed(
        self, journal: Journal, path: Path
    ) -> None:
        """It would end in a file that has no name any more."""
        other = path.with_name("other.db")
        make_tables(f"sqlite:///{other}")
        with for_writing(journal.engine).connect() as connection:
            connection.exec_driver_sql("DELETE FROM events")
            os.replace(other, path)
            with pytest.raises(OperationalError, match="was replaced while it was open"):
                connection.commit()
        assert ids(path) == set()
