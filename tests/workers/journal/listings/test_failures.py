"""What failures have in common: the handler, the exception's type, and the plugin's line."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from comethooks.workers.journal import Attempt, Filter, Journal, grouped
from comethooks.workers.journal.listings.failures import Cause, cause_of
from comethooks.workers.journal.listings.stored import StoredRun
from comethooks.workers.logs import MAX_TRACEBACK
from comethooks.workers.states import RunState
from tests.workers.journal.samples import event, run, settled


def failed(error: str | None, failed_in: str | None = None) -> StoredRun:
    return StoredRun(
        event_id="event-1",
        handler="welcome.greet",
        replay=None,
        state=RunState.DEAD,
        attempts=1,
        started_at=1,
        finished_at=2,
        next_at=None,
        version=None,
        error=error,
        failed_in=failed_in,
    )


def attempts(*errors: str) -> tuple[Attempt, ...]:
    """One after the other, a second apart, from 10 s on."""
    return tuple(
        Attempt(number, 10_000 * number - 1, 10_000 * number, error)
        for number, error in enumerate(errors, 1)
    )


class TestCause:
    @pytest.mark.parametrize(
        "error, kind",
        [
            ("ValueError: no user 7", "ValueError"),
            ("ValueError", "ValueError"),
            ("greet.<locals>.OddError: x: y", "greet.<locals>.OddError"),
            ("killed its worker twice (SIGKILL)", "killed its worker twice (SIGKILL)"),
        ],
    )
    def test_the_type_is_what_an_error_begins_with(self, error: str, kind: str) -> None:
        assert cause_of(failed(error)) == Cause("welcome.greet", kind, None)

    def test_what_failed_in_two_places_is_two_groups(self) -> None:
        """The same type of exception may need two different mends."""
        places = ["/p/welcome.py:3", "/p/welcome.py:5", "/p/welcome.py:3", None]
        groups = grouped(failed("ValueError: x", place) for place in places)
        assert {group.cause.place: group.count for group in groups} == {
            "/p/welcome.py:3": 2,
            "/p/welcome.py:5": 1,
            None: 1,
        }

    def test_runs_without_an_error_are_no_failures(self) -> None:
        assert grouped([failed(None)]) == []

    def test_it_was_first_seen_when_the_first_attempt_failed_of_it(self) -> None:
        """Attempts that failed of something else do not count, and the last one has no time when
        its process died.
        """
        made = attempts("KeyError: 1", "ValueError: 2", "ValueError: 3", "OSError", "ValueError: 5")
        run = replace(failed("ValueError: 5"), attempts=5, finished_at=60_000, attempts_made=made)
        other = replace(failed("ValueError: 1"), event_id="event-2", finished_at=40_000)
        for runs in ((run, other), (other, run)):
            (group,) = grouped(runs)
            assert (group.first_at, group.last_at, group.example_id) == (20_000, 50_000, "event-1")
        (group,) = grouped([replace(failed("OSError"), finished_at=None, attempts_made=made)])
        assert (group.first_at, group.last_at) == (40_000, 40_000)


class TestReading:
    """On both databases."""

    def test_only_what_failed_and_is_not_done_since_is_read(self, journal: Journal) -> None:
        ends = [
            run(RunState.DEAD, "a.dead", error="E: x", failed_in="a.py:7"),
            run(RunState.RETRYING, "a.retrying", error="E: x", next_at=1),
            run(RunState.DISMISSED, "a.dismissed", error="E: x"),
            run(RunState.DONE, "a.done", error="E: of an attempt before"),
            run(RunState.SKIPPED, "a.skipped"),
        ]
        journal.write([settled(event(1), *ends), settled(event(2), run())])
        found = {each.handler: each.failed_in for each in journal.failed_runs()}
        assert found == {"a.dead": "a.py:7", "a.retrying": None, "a.dismissed": None}
        dead = journal.failed_runs(Filter(state=RunState.DEAD))
        assert [each.handler for each in dead] == ["a.dead"]

    def test_pages_follow_each_other_without_a_gap(self, journal: Journal) -> None:
        """The newest event first."""
        records = [event(number) for number in range(450)]
        journal.write([settled(record, run(RunState.DEAD, error="E")) for record in records])
        found = [each.event_id for each in journal.failed_runs()]
        assert found == [record.id for record in reversed(records)]
        assert grouped(journal.failed_runs())[0].count == 450


def test_memory_does_not_grow_with_what_failed(tmp_path: Path) -> None:
    """2,000 runs with 8 kB each take a few portions of them, without their tracebacks."""
    from comethooks.workers.journal.tables import migrate

    url = f"sqlite:///{tmp_path}/journal.db"
    migrate.upgrade(url)
    journal = Journal.open(url)
    text = "x" * MAX_TRACEBACK
    for start in range(0, 2000, 200):
        numbers = range(start, start + 200)
        journal.write(
            [
                settled(event(number), run(RunState.DEAD, error="E", traceback=text))
                for number in numbers
            ]
        )
    tracemalloc.start()
    [group] = grouped(journal.failed_runs())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    journal.close()
    assert group.count == 2000
    assert peak < 8_000_000
