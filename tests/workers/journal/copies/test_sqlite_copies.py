"""A journal is copied as it is at one moment, however busy it is."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from comethooks.workers.journal import JournalCopyError
from comethooks.workers.journal.copies.copy_facts import CopyFacts
from comethooks.workers.journal.copies.sqlite_copies import check_sqlite, copy_sqlite, put_sqlite
from tests.tables import make_tables
from tests.waiting import wait_for


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A journal of 8 MB."""
    made = tmp_path / "journal.db"
    make_tables(f"sqlite:///{made}")
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE extra (id INTEGER PRIMARY KEY, pair INTEGER, body BLOB)")
        rows = [(number, number, bytes(4000)) for number in range(2000)]
        connection.executemany("INSERT INTO extra VALUES (?, ?, ?)", rows)
        connection.commit()
    return made


@pytest.fixture
def writer(file: Path) -> Iterator[Callable[[], int]]:
    """Changes two rows in each transaction, over and over; gives how many transactions there
    were.
    """
    stop, count = threading.Event(), [0]

    def write() -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as connection:
            while not stop.is_set():
                count[0] += 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE extra SET pair = ? WHERE id = 1", (-count[0],))
                connection.execute("UPDATE extra SET pair = ? WHERE id = 1999", (-count[0],))
                connection.execute("COMMIT")

    thread = threading.Thread(target=write)
    thread.start()
    yield lambda: count[0]
    stop.set()
    thread.join()


def test_a_copy_under_writes_is_one_moment_and_comes_to_an_end(
    file: Path, writer: Callable[[], int], tmp_path: Path
) -> None:
    """SQLite by itself would begin again at each write of another process; what was written in the
    middle is in it as a whole or not at all.
    """
    wait_for(lambda: writer() > 1, "somebody writes")
    target = tmp_path / "copy.db"
    told: list[int | None] = []
    steps = [0]

    def advance() -> None:
        before, steps[0] = writer(), steps[0] + 1
        while writer() < before + 3:  # somebody writes between any two steps
            pass

    def begin(total: int | None) -> Callable[[], None]:
        told.append(total)
        return advance

    copy_sqlite(file, target, begin)
    assert told == [steps[0]]
    assert target.stat().st_mode & 0o777 == 0o600
    assert check_sqlite(target) == check_sqlite(file)
    with closing(sqlite3.connect(target)) as connection:
        [[first], [last]] = connection.execute("SELECT pair FROM extra WHERE id IN (1, 1999)")
    assert first == last < 0


def test_a_copy_that_is_there_is_not_written_over(file: Path, tmp_path: Path) -> None:
    """Whoever made it did so for a reason."""
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(FileExistsError):
        copy_sqlite(file, target, lambda _: lambda: None)
    assert target.read_text() == "precious"


def test_what_is_no_journal_has_no_facts(file: Path, tmp_path: Path) -> None:
    """A database of something else is one, and one that is cut or changed is none."""
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE theirs (id)")
        connection.commit()
    assert check_sqlite(other) == CopyFacts(None, None)
    whole = file.read_bytes()
    for damaged in (b"", b"no database", whole[: len(whole) // 2], whole[:5000] + bytes(9000)):
        other.write_bytes(damaged)
        if damaged:
            with pytest.raises(JournalCopyError, match="damaged"):
                check_sqlite(other)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("other")] == [
        "other.db"
    ]


def test_what_another_file_left_is_set_aside(file: Path, tmp_path: Path) -> None:
    """SQLite would take its log for one of the file that comes to this place."""
    target = tmp_path / "new" / "journal.db"
    target.parent.mkdir()
    (target.parent / "journal.db-wal").write_bytes(b"of another one")
    draft = tmp_path / "draft"
    copy_sqlite(file, draft, lambda _: lambda: None)
    put_sqlite(draft, target)
    assert check_sqlite(target).revision is not None
    assert not draft.exists()
    assert [path.name for path in target.parent.iterdir() if "wal" in path.name] == [
        "journal.db-wal-of-the-one-before"
    ]
