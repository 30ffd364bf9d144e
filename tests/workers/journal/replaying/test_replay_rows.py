"""Replays in the journal: how one is made of a file, what became of its runs, and which records can
be run.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from comethooks.workers.journal import Filter, Journal
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import ALONE, Replays, StoredReplay
from comethooks.workers.journal.replaying.replayable import known
from comethooks.workers.journal.tables.models import replay_events
from comethooks.workers.states import ReplayState, RunState
from tests.workers.journal.samples import T0, an_id, event, run, settled

OF_FILE = ReplayRequest(asked=Filter(), handlers=frozenset(["a.b"]), from_file=True)


@pytest.fixture
def replays(journal: Journal) -> Replays:
    """The replays of a journal that has none."""
    return Replays(journal.engine)


def staged(journal: Journal) -> int:
    with journal.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(replay_events)) or 0


class TestOfAFile:
    def test_it_begins_once_its_events_are_staged(self, replays: Replays):
        """Nobody works on a part of them."""
        assert replays.create("mended", OF_FILE, now=T0, expected=1)
        assert replays.due(T0) == []
        assert replays.claim("mended", "m", now=T0, until=T0 + 1) is None
        replays.stage("mended", [an_id(1)])
        assert replays.start("mended", T0 + 5)
        assert replays.due(T0 + 5) == ["mended"]
        assert not replays.start("mended", T0 + 6)

    def test_of_two_that_make_one_of_a_name_the_second_changes_nothing(
        self, journal: Journal, replays: Replays
    ):
        """What the first has staged stays."""
        assert replays.create("mended", OF_FILE, now=T0, expected=1)
        replays.stage("mended", [an_id(1)])
        assert not replays.create("mended", OF_FILE, now=T0, expected=1)
        assert staged(journal) == 1

    def test_of_many_at_the_same_time_one_makes_it(self, replays: Replays):
        """The others are told so, in either database."""
        together = threading.Barrier(4)

        def make(_: int) -> bool:
            together.wait(10)
            return replays.create("mended", OF_FILE, now=T0, expected=1)

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(make, range(4))) == [False, False, False, True]


@pytest.mark.parametrize(
    ("state", "events", "gone"),
    [
        (ReplayState.DONE, 2, 1),
        (ReplayState.DONE, 3, 0),
        (ReplayState.DONE, 4, 0),
        (ReplayState.RUNNING, 2, 0),
        (ReplayState.STOPPED, 2, 0),
    ],
)
def test_what_is_gone_is_known_at_the_end(
    replays: Replays, state: ReplayState, events: int, gone: int
):
    """Before, it may yet come."""
    replays.create("mended", OF_FILE, now=T0, expected=3)
    found = replays.get("mended")
    assert isinstance(found, StoredReplay)
    assert replace(found, state=state, events=events).gone == gone


class TestResults:
    @pytest.fixture(autouse=True)
    def runs(self, journal: Journal):
        """Runs of two replays, and live ones."""
        for number, name in enumerate(("mended", "mended", "other", None)):
            made = [
                run(RunState.SKIPPED, "a.never", replay=name),
                run(
                    RunState.DEAD, "a.dead", replay=name, effects=("would POST x", "once 'k': done")
                ),
                run(replay=name, effects=("would GET y",)),
            ]
            journal.write([settled(event(number), *made)])

    def test_runs_are_counted_by_state(self, journal: Journal):
        """Those of one replay that are still there."""
        expected = dict.fromkeys((RunState.DEAD, RunState.DONE, RunState.SKIPPED), 2)
        assert journal.replays.states("mended") == expected

    def test_skipped_runs_are_counted_by_replay(self, journal: Journal):
        """Live ones are of none."""
        assert journal.replays.skipped() == {"mended": 2, "other": 1}

    def test_effects_are_those_of_all_its_runs(self, journal: Journal):
        """A line each."""
        assert sorted(journal.replays.effects("mended")) == [
            *["once 'k': done"] * 2,
            *["would GET y"] * 2,
            *["would POST x"] * 2,
        ]


def test_a_record_without_a_body_cannot_be_run(journal: Journal):
    """Unless the journal has its body; and not one whose body the journal had and has no more."""
    journal.write([settled(event(1)), settled(event(2))])
    journal.drop_payloads(T0 + 2000, 10)
    bare = [replace(event(number), body=b"") for number in (2, 3)]
    records = [event(1), *bare, event(4), event(5, body=b"", size=0)]
    found = known(journal.engine, records)
    assert [each.record.id for each in found] == [an_id(2), an_id(4), an_id(5)]


class TestFree:
    def freed(self, replays: Replays, *dead: str, expired: int | None = None) -> list[str]:
        return replays.free(
            is_dead=dead.__contains__,
            ending=lambda member: "SIGSEGV",
            now=T0 + 9,
            expired=expired,
        )

    def test_all_that_a_dead_member_had_is_due_again_and_of_others_what_expired(
        self, replays: Replays
    ):
        """As runs are; the process of the others may live on another host."""
        for name, member, until in (("a", "x", 1), ("b", "x", 99), ("c", "y", 1), ("d", "y", 99)):
            replays.create(name, replace(OF_FILE, from_file=False), now=T0, expected=1)
            assert replays.claim(name, member, now=T0, until=T0 + until)
        assert self.freed(replays) == []
        assert self.freed(replays, "x") == ["a", "b"]
        assert self.freed(replays, expired=T0 + 1) == ["c"]
        assert replays.due(T0 + 9) == ["a", "b", "c"]
        assert replays.renew("d", "y", T0 + 99)
        assert not replays.renew("c", "y", T0 + 99)

    def test_the_next_run_is_poison_when_it_was_seen_to_kill_twice(self, replays: Replays):
        """Until then, and for the events behind it, each run is run alone."""
        replays.create("a", replace(OF_FILE, from_file=False), now=T0, expected=1)
        known = []
        for _ in range(2):
            replays.claim("a", "x", now=T0 + 9, until=T0 + 99)
            self.freed(replays, "x")
            found = replays.get("a")
            assert found is not None
            known.append((found.deaths, found.alone, found.error))
        assert known == [(1, ALONE, None), (2, ALONE, "killed its worker twice (SIGSEGV)")]
