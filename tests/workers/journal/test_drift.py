"""What is not as expected in bodies: counted once an event, bounded, listed, forgotten."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy import event as listening

from comethooks.workers.journal import (
    START,
    DriftFilter,
    Journal,
    JournalRefusedError,
    StoredDrift,
)
from comethooks.workers.journal.unexpected import drift_counting
from comethooks.workers.record import Record
from tests.waiting import wait_for
from tests.workers.journal.samples import T0, duplicate, event, refusal, run, settled

FIELD, TYPE, TRIGGER = "unknown field", "wrong type", "unknown trigger"


def drifting(number: int, *paths: str, **changes: Any) -> Record:
    """The event of second `number` with fields at `paths` that nobody knows."""
    return event(number, drift=tuple((FIELD, path) for path in paths), **changes)


def counts(journal: Journal) -> dict[tuple[str, str], int]:
    """How often what was seen, by trigger and path."""
    return {(found.trigger, found.path): found.count for found in journal.drift()}


def at(second: int) -> int:
    return T0 + 1000 * second


class TestCounting:
    def test_says_how_often_since_when_and_an_example(self, journal: Journal):
        """The example is the latest event, whatever the order in which they are written."""
        journal.write([settled(drifting(5, "data.x")), settled(drifting(2, "data.x", "data.y"))])
        journal.write(
            [settled(drifting(4, "data.x")), settled(event(6)), settled(drifting(1, "data.y"))]
        )
        assert journal.drift() == [
            StoredDrift(
                source="cometchat",
                trigger="message_sent",
                kind=FIELD,
                path=path,
                count=count,
                first_at=at(first),
                last_at=at(last),
                example_id=event(last).id,
            )
            for path, count, first, last in (("data.x", 3, 2, 5), ("data.y", 2, 1, 2))
        ]

    def test_counts_an_event_once_however_often_it_is_written(self, journal: Journal):
        """Again, in parts, with others, twice in one batch."""
        batch = [settled(drifting(number, "data.x"), run()) for number in range(4)]
        journal.write(batch)
        journal.write(batch)
        journal.write(batch[2:] + [settled(drifting(9, "data.x"))] * 2)
        assert counts(journal) == {("message_sent", "data.x"): 5}

    def test_counts_events_only(self, journal: Journal):
        """A repeat of an event was counted with it; what was refused says itself what is wrong."""
        first = drifting(1, "data.x")
        journal.write([settled(first), settled(duplicate(2, first, drift=first.drift))])
        journal.write([settled(refusal(3, drift=first.drift))])
        assert counts(journal) == {("message_sent", "data.x"): 1}

    def test_keeps_source_trigger_and_kind_apart(self, journal: Journal):
        """One path may be unknown here and of another type there."""
        found = ((FIELD, "data.x"), (TYPE, "data.x"), (TRIGGER, "trigger"))
        others = [event(2, trigger="made_up", drift=found), event(3, source="other", drift=found)]
        journal.write([settled(each) for each in (event(1, drift=found), *others)])
        assert len(journal.drift()) == 9

    def test_cuts_and_scrubs_what_a_stranger_wrote(self, journal: Journal):
        """A trigger of a megabyte is cut as it is in the table of events."""
        journal.write([settled(drifting(1, "data.a\x00\ud800", trigger="t" * 2**20))])
        assert counts(journal) == {("t" * 254 + "…", "data.a\ufffd\ufffd"): 1}

    def test_is_undone_with_the_batch(self, journal: Journal):
        """All of a batch is written, or nothing of it."""
        nameless: Any = None
        with pytest.raises(JournalRefusedError):
            journal.write([settled(drifting(1, "data.x")), settled(refusal(2, id=nameless))])
        assert counts(journal) == {}

    def test_costs_a_batch_without_drift_nothing(self, journal: Journal):
        """No statement more than what every batch has."""
        journal.write([settled(event(1), run()), settled(refusal(2))])
        sent = statements(
            journal.engine, lambda: journal.write([settled(event(3), run()), settled(refusal(4))])
        )
        assert [statement.split("(")[0].strip() for statement in sent if "INSERT" in statement] == [
            "INSERT INTO events",
            "INSERT INTO blocks",
            "INSERT INTO runs",
            "INSERT INTO requests",
            "INSERT INTO blocks",
            "INSERT INTO figure_deltas",
        ]
        assert not any("drift" in statement for statement in sent)


class TestTwoWritersAtOnce:
    def test_count_all_and_do_not_block_each_other(self, open_journal: Callable[[], Journal]):
        """With the same events and the same rows, in opposite order, while somebody forgets
        others.
        """
        records = [drifting(n, *(f"data.{n % 7}.{m}" for m in range(5))) for n in range(120)]
        failures: list[BaseException] = []

        def use(work: Callable[[Journal], None]) -> None:
            try:
                work(open_journal())
            except BaseException as error:
                failures.append(error)

        def write(journal: Journal, order: int) -> None:
            for start in range(0, 120, 20):
                journal.write([settled(each) for each in records[::order][start : start + 20]])

        def forget(journal: Journal) -> None:
            for _ in range(20):
                journal.forget_drift(DriftFilter(trigger="nothing of this name"))
                journal.delete_drift(at(0), 100)

        works = [lambda journal, order=order: write(journal, order) for order in (1, -1, 1, -1)]
        threads = [threading.Thread(target=use, args=(work,)) for work in (*works, forget)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        found = counts(open_journal())
        assert (len(found), sum(found.values())) == (35, 600)

    def test_keep_the_bound(
        self, open_journal: Callable[[], Journal], monkeypatch: pytest.MonkeyPatch
    ):
        """What one has written and not yet committed is no room for the other."""
        monkeypatch.setattr(drift_counting, "MOST_OF_A_TRIGGER", 30)

        def write(first: int) -> None:
            journal = open_journal()
            for number in range(first, first + 20):
                journal.write(
                    [settled(drifting(number, *(f"data.{number}.{n}" for n in range(5))))]
                )

        threads = [threading.Thread(target=write, args=(first,)) for first in (0, 100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = counts(open_journal())
        assert (len(found), sum(found.values())) == (31, 200)

    @pytest.mark.parametrize("url", ["postgresql"], indirect=True)
    def test_who_forgets_holds_nothing_that_who_counts_needs(
        self, open_journal: Callable[[], Journal]
    ):
        """Rows lie in another order than they are counted in, and are deleted as they lie."""
        journal, other, watching = open_journal(), open_journal(), open_journal()
        journal.write([settled(drifting(1, "data.b"))])
        journal.write([settled(drifting(2, "data.a"))])
        forgotten: list[int] = []
        thread = threading.Thread(
            target=lambda: forgotten.append(other.forget_drift(DriftFilter()))
        )
        with journal.engine.begin() as connection:
            drift_counting.count(connection, [drifting(3, "data.a")])
            thread.start()
            wait_for(lambda: waiting_for_a_lock(watching), "the other one waits")
            drift_counting.count(connection, [drifting(4, "data.b")])
        thread.join()
        assert forgotten == [2]


class TestRoom:
    def test_a_sender_who_makes_up_keys_fills_one_row(self, journal: Journal):
        """Ten thousand of them: a thousand are told apart, and every one is counted."""
        journal.write([settled(drifting(0, "data.z"))])
        for start in range(0, 500, 100):
            numbers = range(start, start + 100)
            journal.write(
                [settled(drifting(1 + n, *(f"data.k{n}_{m}" for m in range(20)))) for n in numbers]
            )
        journal.write([settled(drifting(900, "data.z", trigger="other"))])
        journal.write([settled(drifting(901, "data.z"))])
        found = counts(journal)
        assert sum(found.values()) == 10_003
        assert len([path for trigger, path in found if trigger == "message_sent"]) == 1001
        assert found["message_sent", "…"] == 10_002 - 2 - 999
        assert (found["message_sent", "data.z"], found["other", "data.z"]) == (2, 1)

    def test_a_sender_who_makes_up_triggers_fills_one_row(self, journal: Journal):
        """Those that were known before are counted by themselves all the same."""
        found = ((TRIGGER, "trigger"),)
        journal.write([settled(drifting(0, "data.x"))])
        for start in range(0, 10_500, 500):
            numbers = range(start, start + 500)
            journal.write(
                [settled(event(1 + n, trigger=f"t{n}", drift=found, body=b"")) for n in numbers]
            )
        journal.write([settled(drifting(20_000, "data.x", "data.y"))])
        rows = {(each.trigger, each.kind, each.path): each.count for each in journal.drift()}
        assert len(rows) == 10_002
        assert rows["…", TRIGGER, "…"] == 501
        assert rows["…", FIELD, "…"] == 1
        assert rows["message_sent", FIELD, "data.x"] == 2


class TestReading:
    @pytest.fixture(autouse=True)
    def _three(self, journal: Journal):
        journal.write(
            [settled(drifting(1, "data.x")), settled(drifting(2, "data.y", trigger="made_up"))]
        )
        journal.write(
            [settled(event(3, drift=((TYPE, "data.z"),))), settled(drifting(4, "data.x"))]
        )

    def test_what_is_new_comes_first(self, journal: Journal):
        """By when it was first seen, not last: what is known for long is seen all the time."""
        assert [found.path for found in journal.drift()] == ["data.z", "data.y", "data.x"]

    @pytest.mark.parametrize(
        ("asked", "paths"),
        [
            ({"trigger": "made_up"}, ["data.y"]),
            ({"kind": TYPE}, ["data.z"]),
            ({"path": "data.x"}, ["data.x"]),
            ({"since": at(3)}, ["data.z", "data.x"]),
            ({"until": at(4)}, ["data.z", "data.y"]),
            ({"limit": 1}, ["data.z"]),
            ({"trigger": "made_up", "kind": TYPE}, []),
        ],
        ids=str,
    )
    def test_shows_what_is_asked_for(
        self, journal: Journal, asked: dict[str, Any], paths: list[str]
    ):
        """Times are those of the last time."""
        assert [found.path for found in journal.drift(DriftFilter(**asked))] == paths
        assert (
            journal.count_drift(DriftFilter(**{**asked, "limit": None})) == len(paths)
            or "limit" in asked
        )

    def test_as_json(self, journal: Journal):
        """Times in ISO 8601."""
        assert journal.drift()[2].as_json() == {
            "source": "cometchat",
            "trigger": "message_sent",
            "kind": FIELD,
            "path": "data.x",
            "count": 2,
            "first_at": "2025-10-09T08:53:21.000Z",
            "last_at": "2025-10-09T08:53:24.000Z",
            "example_id": event(4).id,
        }

    def test_forgets_what_is_asked_for(self, journal: Journal):
        """Seen again, it is new."""
        assert journal.forget_drift(DriftFilter(trigger="message_sent", path="data.x")) == 1
        journal.write([settled(drifting(4, "data.x")), settled(drifting(5, "data.x"))])
        (found,) = journal.drift(DriftFilter(path="data.x"))
        assert (found.count, found.first_at) == (1, at(5))
        assert journal.forget_drift(DriftFilter()) == 3
        assert journal.drift() == []

    def test_what_was_not_seen_for_long_is_deleted_in_steps(self, journal: Journal):
        """By its last time, so that the example is there as long as the row."""
        first = journal.delete_drift(at(4), 1)
        assert (first.count, first.more) == (1, True)
        assert counts(journal).keys() == {("message_sent", "data.z"), ("message_sent", "data.x")}
        assert [journal.delete_drift(at(4), 1, START).count for _ in range(2)] == [1, 0]
        assert counts(journal) == {("message_sent", "data.x"): 2}


def waiting_for_a_lock(journal: Journal) -> int:
    """How many of the sessions that use this schema wait for another one."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE :text"
    )
    with journal.engine.connect() as connection:
        return sum(
            connection.scalar(text(query), {"text": pattern}) or 0
            for pattern in ("SELECT pg_advisory_xact_lock%", "DELETE FROM drift%")
        )


def statements(engine: Engine, work: Callable[[], None]) -> list[str]:
    """The SQL that `work` sends."""
    sent: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    listening.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        listening.remove(engine, "before_cursor_execute", note)
    return sent
