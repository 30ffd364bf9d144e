import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, text

from comethooks.workers.journal import Journal, JournalRefusedError, StoredRun
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import events, requests, runs
from comethooks.workers.states import RunState
from tests.workers.journal.samples import T0, duplicate, event, refusal, run, settled


def contents(journal: Journal) -> dict[str, list[Any]]:
    """Every row of every table."""
    with journal.engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in (events, runs, requests)
        }


def only_run(journal: Journal) -> StoredRun:
    (found,) = journal.runs()
    return found


def test_writing_a_batch_again_changes_nothing(journal: Journal):
    """A drainer that was killed after the commit is followed by one that writes the same rows."""
    first = event(1)
    batch = [
        settled(first, run(), run(RunState.DEAD, "audit.note")),
        settled(event(2)),
        settled(refusal(3)),
    ]
    batch += [settled(duplicate(4, first)), settled(duplicate(5, first))]
    journal.write(batch)
    once = contents(journal)
    journal.write(list(reversed(batch)))
    journal.write(batch[2:] + batch[:1])
    assert contents(journal) == once
    assert {name: len(rows) for name, rows in once.items()} == {
        "events": 2,
        "runs": 2,
        "requests": 3,
    }


def test_an_event_that_is_there_stays_as_it_is(journal: Journal):
    """Events are immutable: whoever comes second with an id changes nothing."""
    journal.write([settled(event(1))])
    journal.write([settled(event(1, body=b"other", sender="eve"))])
    stored = journal.event(event(1).id)
    assert stored is not None
    assert (stored.body, stored.sender) == (event(1).body, "ines")


def test_a_run_that_is_there_stays_as_it_is(journal: Journal):
    """A drainer that lost its lease may write late, and undoes neither a retry nor a dismissal."""
    journal.write(
        [settled(event(1), *(run(state, f"a.{state}", attempts=2) for state in RunState))]
    )
    once = contents(journal)
    journal.write(
        [settled(event(1), *(run(RunState.DONE, f"a.{state}", error="late") for state in RunState))]
    )
    assert contents(journal) == once


def test_a_run_that_is_to_be_tried_again_says_when(journal: Journal):
    """What is due and the plugin's version come back; nobody has claimed it."""
    journal.write([settled(event(1), run(RunState.RETRYING, next_at=T0 + 5001, version="1.4"))])
    assert (only_run(journal).next_at, only_run(journal).version) == (T0 + 5001, "1.4")
    with journal.engine.connect() as connection:
        assert connection.execute(select(runs.c.claim, runs.c.deaths)).one() == (None, 0)


def test_the_same_run_twice_in_one_batch_is_the_later_one(journal: Journal):
    """What comes later in a batch is newer."""
    journal.write([settled(event(1), run(RunState.RUNNING)), settled(event(1), run(RunState.DEAD))])
    assert only_run(journal).state is RunState.DEAD


def test_a_batch_is_written_whole_or_not_at_all(journal: Journal):
    """A row that SQL refuses takes the whole batch back, so that it can be divided and tried
    again.
    """
    nameless: Any = None
    with pytest.raises(JournalRefusedError):
        journal.write([settled(event(1)), settled(refusal(2, id=nameless))])
    assert contents(journal)["events"] == []


def test_an_empty_batch_needs_no_database():
    """Nothing to write is no reason to connect."""
    Journal.open("sqlite:////nonexistent/journal.db").write([])


def test_a_poisoned_row_is_kept_and_so_are_its_neighbours(journal: Journal):
    """NUL, lone surrogates and numbers beyond 64 bits lose what no column holds, and nothing else
    is lost.
    """
    poison = "a\x00b\udfff" + "x" * 2**20
    texts = dict.fromkeys(("trigger", "name", "app_id", "conversation_id", "sender"), poison)
    body = b"\x00\xff{" + poison.encode("utf-8", "surrogatepass")
    poisoned = event(2, **texts, occurred_at=2**70, size=2**70, headers={poison: poison}, body=body)
    failed = run(RunState.DEAD, handler=poison, error=poison, traceback=poison, attempts=2**70)
    refused = refusal(4, reason=poison, errors={poison: [poison, 2**70]}, status=2**70, body=body)
    journal.write(
        [settled(event(1), run()), settled(poisoned, failed, partition=2**70), settled(event(3))]
    )
    journal.write([settled(refused), settled(refusal(5))])
    stored, request = journal.event(poisoned.id), journal.request(refused.id)
    assert stored is not None
    assert request is not None
    assert stored.body == request.body == body
    assert stored.sender == "a\ufffdb\ufffd" + "x" * 250 + "…"
    assert (stored.occurred_at, stored.size, stored.partition) == (None, None, None)
    assert stored.runs[0].error is not None
    assert len(list(journal.requests())) == 5


@pytest.mark.parametrize(
    "body", [b"", bytes(range(256)) * 40, b"\x00" * 2**20], ids=["empty", "all", "large"]
)
def test_a_body_comes_back_byte_for_byte(journal: Journal, body: bytes):
    """Bodies are bytes from end to end."""
    journal.write(
        [
            settled(event(1, body=body, size=len(body))),
            settled(refusal(2, body=body, size=len(body))),
        ]
    )
    stored, request = journal.event(event(1).id), journal.request(refusal(2).id)
    assert stored is not None
    assert request is not None
    assert (type(stored.body), type(request.body)) == (bytes, bytes)
    assert stored.body == request.body == body


def test_a_deleted_event_takes_its_runs_along(journal: Journal):
    """Retention deletes events; runs follow, duplicates stay until their own time."""
    journal.write(
        [settled(event(1), run()), settled(event(2), run()), settled(duplicate(3, event(1)))]
    )
    with journal.engine.begin() as connection:
        connection.execute(events.delete().where(events.c.id == event(1).id))
    kept = contents(journal)
    assert [row[0] for row in kept["runs"]] == [event(2).id]
    assert len(kept["requests"]) == 1


def test_writers_at_once_lose_nothing_and_do_not_block_each_other(
    open_journal: Callable[[], Journal],
):
    """Drainers with the same results, in opposite order: no deadlock, and one of each stays."""
    records = [event(number) for number in range(120)]
    failures: list[BaseException] = []

    def write(order: int) -> None:
        journal = open_journal()
        try:
            for start in range(0, 120, 30):
                chunk = records[::order][start : start + 30]
                journal.write(
                    [settled(record, run(), run(RunState.DEAD, "b.c")) for record in chunk]
                )
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_journal().engine.connect() as connection:
        counted = select(runs.c.handler, runs.c.state, func.count()).group_by(
            runs.c.handler, runs.c.state
        )
        assert sorted(tuple(row) for row in connection.execute(counted)) == [
            ("b.c", "dead", 120),
            ("welcome.greet", "done", 120),
        ]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
class TestSqlite:
    def test_people_see_times_as_text(self, journal: Journal):
        """Someone with sqlite3 at hand reads a date, which SQLite's own functions understand."""
        journal.write([settled(event(1))])
        query = text("SELECT received_at, datetime(received_at) FROM events")
        with journal.engine.connect() as connection:
            assert tuple(connection.execute(query).one()) == (
                "2025-10-09T08:53:21.000Z",
                "2025-10-09 08:53:21",
            )

    def test_a_connection_is_durable_and_waits_its_turn(self, journal: Journal):
        """WAL, a sync at each commit, foreign keys, and half a minute's patience."""
        expected = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 30_000,
        }
        with journal.engine.connect() as connection:
            found = {name: connection.scalar(text(f"PRAGMA {name}")) for name in expected}
        assert found == expected

    def test_readers_and_a_writer_do_not_wait_for_each_other(
        self, open_journal: Callable[[], Journal]
    ):
        """While one holds the write lock others read; while one reads a long listing others
        write.
        """
        journal, other = open_journal(), open_journal()
        journal.write([settled(event(number)) for number in range(3)])
        with journal.engine.connect() as reader:
            reader.execute(select(events)).first()
            other.write([settled(event(7))])
        with for_writing(other.engine).begin():
            assert len(list(journal.events())) == 4
            assert journal.request(event(7).id) is not None


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
class TestPostgres:
    def test_people_see_times_as_timestamps(self, journal: Journal):
        """Someone with psql at hand can calculate with times."""
        journal.write([settled(event(1))])
        query = text(
            "SELECT pg_typeof(received_at)::text, received_at AT TIME ZONE 'UTC' FROM events"
        )
        with journal.engine.connect() as connection:
            kind, moment = connection.execute(query).one()
        assert (kind, moment.isoformat()) == ("timestamp with time zone", "2025-10-09T08:53:21")

    def test_a_connection_that_was_lost_is_made_again(self, journal: Journal, url: str):
        """A restart of the server while nothing is written is not noticed."""
        with journal.engine.connect() as connection:
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(url, autocommit=True) as other:
            end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid = %s"
            other.execute(end, [pid])
        journal.write([settled(event(1))])
        assert journal.event(event(1).id) is not None

    def test_the_row_that_is_refused_gives_the_error(self, journal: Journal):
        """Rows travel in one go; the error is still that of the row, not of those behind it."""
        batch = [settled(event(number)) for number in range(5)] + [
            settled(event(2, id="0199c82c" * 5))
        ]
        with pytest.raises(JournalRefusedError, match=r"StringDataRightTruncation \(22001\)"):
            journal.write(batch)
        assert list(journal.events()) == []
