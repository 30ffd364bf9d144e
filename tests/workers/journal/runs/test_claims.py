import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from comethooks.workers.journal import ClaimedRun, Filter, FreedRun, Journal, RunKey, StoredRun
from comethooks.workers.journal.runs import past_attempts
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import runs
from comethooks.workers.record import Record
from comethooks.workers.states import RunState
from tests.forked import context
from tests.waiting import wait_for
from tests.workers.journal.samples import T0, an_id, event, run, settled

MEMBER, OTHER = "host|boot|17", "host|boot|18"
HANDLER = "welcome.greet"


def write_due(journal: Journal, *numbers: int, **changes: Any) -> None:
    """An event for each number with a run that has been tried once, due as many seconds after
    `T0`.
    """
    for number in numbers:
        failed = {
            "next_at": T0 + 1000 * number,
            "error": "TimeoutError",
            "traceback": "Traceback …",
        }
        journal.write([settled(event(number), run(RunState.RETRYING, **(failed | changes)))])


def claim(journal: Journal, member: str = MEMBER, **changes: Any) -> list[ClaimedRun]:
    return journal.claim(
        member, **({"now": T0 + 60_000, "until": T0 + 90_000, "limit": 10} | changes)
    )


def free(
    journal: Journal,
    *dead: str,
    now: int = T0 + 60_000,
    ending: str | None = None,
    expired: int | None = None,
) -> list[FreedRun]:
    is_dead = dead.__contains__
    return journal.free_claims(is_dead=is_dead, ending=lambda _: ending, now=now, expired=expired)


def key(number: int, replay: str | None = None) -> RunKey:
    return RunKey(an_id(number), HANDLER, replay)


def keys(found: list[ClaimedRun]) -> list[RunKey]:
    return [each.key for each in found]


def stored(journal: Journal, number: int) -> StoredRun:
    (found,) = journal.runs_of(an_id(number))
    return found


def claim_of(journal: Journal, number: int) -> tuple[Any, ...]:
    """Who has the run, until or from when, and how often its process died."""
    query = select(runs.c.claim, runs.c.next_at, runs.c.deaths).where(
        runs.c.event_id == an_id(number)
    )
    with journal.engine.connect() as connection:
        return tuple(connection.execute(query).one())


class TestClaim:
    def test_gives_the_event_as_it_was_received(self, journal: Journal):
        """A handler that is tried again is given what it was given the first time."""
        journal.write([settled(event(1), run(RunState.RETRYING, attempts=3, next_at=T0))])
        assert claim(journal) == [ClaimedRun(event(1), HANDLER, None, attempt=4, alone=False)]

    def test_says_who_runs_it_until_when(self, journal: Journal):
        """The run is running, an attempt more is counted, and it began now."""
        write_due(journal, 1)
        claim(journal)
        found = stored(journal, 1)
        assert (found.state, found.attempts, found.started_at) == (RunState.RUNNING, 2, T0 + 60_000)
        assert claim_of(journal, 1) == (MEMBER, T0 + 90_000, 0)

    def test_takes_what_is_due_the_longest_due_first(self, journal: Journal):
        """Neither what is due later nor what is in another state, and no more than asked for."""
        write_due(journal, 3, 1, 2, 9)
        states = [state for state in RunState if state is not RunState.RETRYING]
        journal.write(
            [settled(event(5), *(run(state, f"a.{state}", next_at=T0) for state in states))]
        )
        assert keys(claim(journal, now=T0 + 5000, limit=2)) == [key(1), key(2)]
        assert keys(claim(journal, now=T0 + 5000)) == [key(3)]
        assert claim(journal, now=T0 + 5000) == []

    def test_takes_runs_of_replays_as_well(self, journal: Journal):
        """They are runs like others."""
        write_due(journal, 1, replay="july")
        assert keys(claim(journal)) == [key(1, "july")]

    def test_takes_what_may_be_poison_only_alone(self, journal: Journal):
        """What was running when its process died runs while nothing else does."""
        write_due(journal, 1, 2, 3)
        claim(journal, limit=2)
        free(journal, MEMBER)
        assert keys(claim(journal)) == [key(3)]
        (died,) = claim(journal, alone=True)
        assert (died.alone, died.attempt) == (True, 3)
        assert len(claim(journal, alone=True)) == 1
        assert claim(journal, alone=True) == []

    def test_never_gives_a_run_twice(self, open_journal: Callable[[], Journal], url: str):
        """Threads and processes that ask at once share what is due between them."""
        write_due(open_journal(), *range(200), next_at=T0)
        queue = context.Queue()
        workers: list[Any] = [
            context.Process(target=_claim_all, args=(url, f"p{n}", queue)) for n in range(2)
        ]
        workers += [
            threading.Thread(target=_claim_all, args=(url, f"t{n}", queue)) for n in range(3)
        ]
        for worker in workers:
            worker.start()
        found = [each for _ in workers for each in queue.get(timeout=60)]
        for worker in workers:
            worker.join()
        assert sorted(found) == [an_id(number) for number in range(200)]

    @pytest.mark.parametrize("url", ["sqlite"], indirect=True)
    def test_does_not_wait_to_find_nothing_due(self, open_journal: Callable[[], Journal]):
        """Who asks in vain leaves SQLite's lock for writing to others."""
        with for_writing(open_journal().engine).begin():
            assert claim(open_journal()) == []

    @pytest.mark.parametrize("url", ["postgresql"], indirect=True)
    def test_does_not_wait_for_others_that_claim(self, open_journal: Callable[[], Journal]):
        """Who asks while another one's transaction is open is given what that one did not take."""
        journal = open_journal()
        write_due(journal, 1, 2)
        with journal.engine.begin() as connection:
            connection.execute(select(runs).where(runs.c.event_id == an_id(1)).with_for_update())
            assert keys(claim(open_journal())) == [key(2)]


def _claim_all(url: str, member: str, queue: Any) -> None:
    journal, found = Journal.open(url), []
    while claimed := journal.claim(member, now=T0, until=T0 + 1, limit=7):
        found += [each.record.id for each in claimed]
    journal.close()
    queue.put(found)


class TestFinish:
    def test_writes_the_whole_result(self, journal: Journal):
        """All that a result says, and the claim is gone."""
        write_due(journal, 1, 2)
        claim(journal)
        ended = {"attempts": 2, "started_at": T0 + 7, "finished_at": T0 + 9, "version": "2"}
        again = run(RunState.RETRYING, **ended, error="KeyError", traceback="T", next_at=T0 + 99)
        assert journal.finish(MEMBER, [(an_id(1), run(**ended)), (an_id(2), again)]) == 2
        done = replace(stored(journal, 1), event_id=an_id(2))
        assert (done.state, done.error, done.traceback, done.next_at) == (
            RunState.DONE,
            None,
            None,
            None,
        )
        expected = {"error": "KeyError", "traceback": "T", "next_at": T0 + 99}
        found = replace(stored(journal, 2), attempts_made=done.attempts_made)
        assert found == replace(done, state=RunState.RETRYING, **expected)
        assert [claim_of(journal, number) for number in (1, 2)] == [
            (None, None, 0),
            (None, T0 + 99, 0),
        ]

    def test_leaves_alone_what_is_another_ones(self, journal: Journal):
        """Whoever lost its claim writes nothing, whatever happened to the run since."""
        write_due(journal, 1, 2, 3)
        claim(journal, OTHER, limit=1)
        claim(journal, limit=1)
        results = [(an_id(number), run(attempts=7)) for number in (1, 2, 3, 4)]
        assert journal.finish(MEMBER, results) == 1
        assert journal.finish(MEMBER, results) == 0
        states = [stored(journal, number).state.value for number in (1, 2, 3)]
        assert states == ["running", "done", "retrying"]

    def test_finds_the_run_of_a_replay(self, journal: Journal):
        """A live run of the same handler on the same event is another one."""
        failed = {"state": RunState.RETRYING, "next_at": T0}
        journal.write([settled(event(1), run(**failed), run(**failed, replay="july"))])
        claim(journal)
        assert journal.finish(MEMBER, [(an_id(1), run(replay="july"))]) == 1
        live, replayed = journal.runs_of(an_id(1))
        assert (live.state, replayed.state) == (RunState.RUNNING, RunState.DONE)

    def test_takes_more_than_one_statement_holds(self, journal: Journal):
        """Hundreds of results are written as a few are."""
        numbers = range(450)
        journal.write([settled(event(n), run(RunState.RETRYING, next_at=T0)) for n in numbers])
        assert len(claim(journal, limit=500)) == 450
        assert journal.finish(MEMBER, [(an_id(number), run()) for number in numbers]) == 450
        assert journal.unfinished() == {}

    def test_nothing_needs_no_database(self):
        """No result is no reason to connect."""
        journal = Journal.open("sqlite:////nonexistent/journal.db")
        assert journal.finish(MEMBER, []) == 0
        journal.give_back(MEMBER, [], now=T0)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.RETRYING])
def test_who_ends_runs_and_who_frees_or_dismisses_them_go_in_one_order(
    journal: Journal, state: RunState
):
    """Nobody keeps an attempt before it has the run, nor a later run before an earlier one: that
    could lock up.
    """
    write_due(journal, 1, 2)
    if state is RunState.RUNNING:
        claim(journal)
    results = [(an_id(number), run(attempts=2)) for number in (2, 1)]
    changed: list[int] = []

    def change() -> None:
        running = state is RunState.RUNNING
        changed.append(
            journal.finish(MEMBER, results) if running else journal.dismiss_runs(Filter(), T0)
        )

    other = threading.Thread(target=change)
    first, second = (select(runs).where(runs.c.event_id == an_id(number)) for number in (1, 2))
    with journal.engine.begin() as connection:
        connection.execute(first.with_for_update())
        other.start()
        # A transaction would see all sessions as they were when it first looked.
        with journal.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as watching:
            wait_for(
                lambda: watching.scalar(text(_WAITING)), "the other one waits for the first run"
            )
        connection.execute(second.with_for_update(nowait=True))
        keep = past_attempts.move if state is RunState.RUNNING else past_attempts.keep_last
        keep(connection, runs.c.event_id == an_id(1))
    other.join()
    assert changed == [2]


_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def test_renewed_claims_hold_longer(journal: Journal):
    """All of one member's, and nobody else's."""
    write_due(journal, 1, 2, 3)
    claim(journal, limit=2)
    claim(journal, OTHER)
    assert journal.renew_claims(MEMBER, T0 + 99_000) == 2
    assert claim_of(journal, 2) == (MEMBER, T0 + 99_000, 0)
    assert claim_of(journal, 3) == (OTHER, T0 + 90_000, 0)
    assert journal.renew_claims("nobody", T0) == 0


def test_given_back_runs_are_as_before_their_claim(journal: Journal):
    """Due now, no attempt and no death counted; what others claimed is left alone."""
    write_due(journal, 1, 2)
    (first,) = claim(journal, limit=1)
    (second,) = claim(journal, OTHER)
    journal.give_back(MEMBER, [first.key, second.key], now=T0 + 61_000)
    assert (stored(journal, 1).state, stored(journal, 1).attempts) == (RunState.RETRYING, 1)
    assert claim_of(journal, 1) == (None, T0 + 61_000, 0)
    assert claim_of(journal, 2) == (OTHER, T0 + 90_000, 0)
    assert claim(journal, now=T0 + 61_000) == [first]


class TestFree:
    def test_runs_of_a_dead_member_are_due_again(self, journal: Journal):
        """Each to run alone; those of a living one stay its own; a second time finds nothing."""
        write_due(journal, 1, 2)
        claim(journal, limit=1)
        claim(journal, OTHER)
        assert free(journal, MEMBER) == [FreedRun(key(1), dead=False)]
        assert free(journal, MEMBER) == []
        assert (stored(journal, 1).state, stored(journal, 1).attempts) == (RunState.RETRYING, 2)
        assert claim_of(journal, 1) == (None, T0 + 60_000, 1)
        assert claim_of(journal, 2) == (OTHER, T0 + 90_000, 0)

    def test_a_claim_that_expired_ends_though_its_member_lives(self, journal: Journal):
        """It was stopped, or is on a host that cannot be asked; what it says later does not
        count.
        """
        write_due(journal, 1, 2)
        claim(journal, limit=1, until=T0 + 70_000)
        claim(journal, limit=1, until=T0 + 90_000)
        assert free(journal, now=T0 + 70_000) == free(journal, expired=T0 + 69_999) == []
        assert free(journal, expired=T0 + 70_000) == [FreedRun(key(1), dead=False)]
        assert journal.finish(MEMBER, [(an_id(1), run()), (an_id(2), run())]) == 1

    @pytest.mark.parametrize(
        ("ending", "deaths", "error"),
        [
            (None, 3, "killed its worker 3 times"),
            ("SIGKILL", 2, "killed its worker twice (SIGKILL)"),
        ],
    )
    def test_the_last_death_is_final(
        self, journal: Journal, ending: str | None, deaths: int, error: str
    ):
        """A run that takes its process along again and again becomes a dead letter, which says
        so.
        """
        write_due(journal, 1)
        claim(journal)
        for _ in range(deaths - 1):
            assert free(journal, MEMBER, ending=ending) == [FreedRun(key(1), dead=False)]
            claim(journal, alone=True, now=T0 + 70_000)
        assert free(journal, MEMBER, now=T0 + 80_000, ending=ending) == [
            FreedRun(key(1), dead=True)
        ]
        found = stored(journal, 1)
        assert (found.state, found.error, found.attempts) == (RunState.DEAD, error, deaths + 1)
        assert found.finished_at == T0 + 80_000
        assert claim_of(journal, 1) == (None, None, deaths)

    def test_asks_about_each_member_once_and_about_no_ending_in_vain(self, journal: Journal):
        """Whether a process lives may cost a look elsewhere."""
        write_due(journal, 1, 2, 3)
        claim(journal, limit=2)
        claim(journal, OTHER)
        asked: list[str] = []
        ended: list[str] = []
        journal.free_claims(
            is_dead=lambda member: bool(asked.append(member)) or member == OTHER,
            ending=ended.append,
            now=T0 + 60_000,
            expired=T0 + 60_000,
        )
        assert (sorted(asked), ended) == ([MEMBER, OTHER], [OTHER])


def test_a_run_that_no_claim_made_running_is_left_alone(journal: Journal):
    """Only what was claimed has somebody whose death matters."""
    write_due(journal, 1)
    journal.write([settled(event(2), run(RunState.RUNNING))])
    assert free(journal, MEMBER) == []
    assert stored(journal, 2).state is RunState.RUNNING


def test_a_poisoned_event_is_claimed_as_it_is_kept(journal: Journal):
    """What a column lost is not there; what is, is given."""
    odd: Record = event(1, sender="a\x00b", size=2**70, occurred_at=2**70, headers={})
    journal.write([settled(odd, run(RunState.RETRYING, next_at=T0))])
    (claimed,) = claim(journal)
    assert claimed.record == replace(odd, sender="a\ufffdb", size=0, occurred_at=None)
