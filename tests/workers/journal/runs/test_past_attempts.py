"""Attempts: all of a run are known, also when further ones followed; a run that ends well at once
costs nothing.
"""

from typing import Any

import pytest
from sqlalchemy import func, select

from comethooks.workers.journal import Attempt, Filter, Journal, RunKey, RunResult, StoredRun
from comethooks.workers.journal.runs.past_attempts import MOST_KEPT
from comethooks.workers.journal.tables.models import attempts
from comethooks.workers.states import AttemptState, RunState
from tests.workers.journal.samples import T0, an_id, event, run, settled

MEMBER = "host|boot|17"
DONE, FAILED, RUNNING = AttemptState.DONE, AttemptState.FAILED, AttemptState.RUNNING


def at(number: int) -> int:
    """When the attempt with that number begins; it takes 12 ms."""
    return T0 + 60_000 * number


def result(number: int, state: RunState = RunState.RETRYING, **changes: Any) -> RunResult:
    """How the attempt with that number ended."""
    failure = (
        {}
        if state is RunState.DONE
        else {"error": f"ValueError: {number}", "traceback": "Traceback …"}
    )
    due = {"next_at": at(number + 1)} if state is RunState.RETRYING else {}
    times = {"started_at": at(number), "finished_at": at(number) + 12}
    return run(
        state,
        attempts=number,
        effects=(f"POST {number}",),
        **{**failure, **due, **times, **changes},
    )


def attempt(number: int, state: AttemptState = FAILED) -> Attempt:
    """What is known of it."""
    error = None if state is DONE else f"ValueError: {number}"
    return Attempt(number, at(number), at(number) + 12, error, (f"POST {number}",), state)


def died(number: int, error: str, *, noticed: int) -> Attempt:
    """What is known of one whose process died."""
    return Attempt(number, at(number), noticed, error)


def claim(journal: Journal, number: int, *, alone: bool = False) -> None:
    """Begin the attempt with that number."""
    claimed = journal.claim(MEMBER, now=at(number), until=at(number) + 30_000, limit=1, alone=alone)
    assert [each.attempt for each in claimed] == [number]


def make(journal: Journal, *numbers: int, state: RunState = RunState.RETRYING) -> None:
    """Make these attempts from claims, all with the same end."""
    for number in numbers:
        claim(journal, number)
        assert journal.finish(MEMBER, [(an_id(1), result(number, state))]) == 1


def free(journal: Journal, *, now: int, ending: str | None = None) -> None:
    """Take the claims away: the process has died."""
    journal.free_claims(is_dead=lambda _: True, ending=lambda _: ending, now=now, expired=None)


def stored(journal: Journal) -> StoredRun:
    (found,) = journal.runs_of(an_id(1))
    return found


def rows(journal: Journal) -> int:
    """How many attempts stand beside the runs."""
    with journal.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(attempts)) or 0


@pytest.fixture
def failed(journal: Journal) -> Journal:
    """A journal with one run, whose first attempt has failed."""
    journal.write([settled(event(1), result(1))])
    return journal


def test_one_that_ends_well_at_once_is_the_only_row(journal: Journal):
    """Whoever writes it writes nothing more."""
    journal.write([settled(event(1), result(1, RunState.DONE))])
    assert stored(journal).attempts_made == (attempt(1, DONE),)
    assert rows(journal) == 0


def test_each_stays_known_with_times_error_and_effects(failed: Journal):
    """What was done in the second attempt is there after the third."""
    make(failed, 2)
    make(failed, 3, state=RunState.DONE)
    found = stored(failed)
    assert found.attempts_made == (attempt(1), attempt(2), attempt(3, DONE))
    assert (found.attempts, found.error, found.effects) == (3, None, ("POST 3",))


def test_while_one_runs_the_one_before_is_known_too(failed: Journal):
    """The run has begun when it was claimed, and has no end."""
    claim(failed, 2)
    found = stored(failed)
    assert found.attempts_made == (attempt(1), Attempt(2, at(2), None, None, state=RUNNING))
    assert (found.state, found.started_at, found.finished_at) == (RunState.RUNNING, at(2), None)


def test_what_was_claimed_and_given_back_was_none(failed: Journal):
    """All is as before."""
    before = stored(failed)
    claim(failed, 2)
    failed.give_back(MEMBER, [RunKey(an_id(1), "welcome.greet")], now=at(2))
    assert stored(failed).attempts_made == before.attempts_made == (attempt(1),)
    make(failed, 2)
    assert stored(failed).attempts_made == (attempt(1), attempt(2))


def test_the_death_of_its_process_ends_an_attempt(failed: Journal):
    """With how it ended, if somebody saw that; what it did until then nobody knows."""
    claim(failed, 2)
    free(failed, now=at(2) + 99, ending="SIGKILL")
    death = died(2, "its process ended before it did (SIGKILL)", noticed=at(2) + 99)
    found = stored(failed)
    assert found.attempts_made == (attempt(1), death)
    assert (found.error, found.traceback, found.effects) == (death.error, None, ())
    claim(failed, 3, alone=True)
    free(failed, now=at(3) + 99, ending="SIGSEGV")
    last = died(3, "killed its worker twice (SIGSEGV)", noticed=at(3) + 99)
    assert stored(failed).attempts_made == (attempt(1), death, last)
    assert stored(failed).state is RunState.DEAD


def test_a_first_attempt_from_a_claim_has_none_before_it(journal: Journal):
    """As of a run that waited in a line."""
    waiting = run(RunState.RETRYING, attempts=0, started_at=None, finished_at=None, next_at=T0)
    journal.write([settled(event(1), waiting)])
    assert stored(journal).attempts_made == ()
    claim(journal, 1)
    assert stored(journal).attempts_made == (Attempt(1, at(1), None, None, state=RUNNING),)
    free(journal, now=at(1) + 99)
    claim(journal, 2, alone=True)
    journal.finish(MEMBER, [(an_id(1), result(2, RunState.DONE))])
    assert stored(journal).attempts_made == (
        died(1, "its process ended before it did", noticed=at(1) + 99),
        attempt(2, DONE),
    )


def test_those_in_which_a_drainer_died_are_written_with_the_result(journal: Journal):
    """Again by its successor, which changes nothing."""
    before = (
        Attempt(1, None, None, "its process ended before it did"),
        Attempt(2, T0, None, "killed"),
    )
    for _ in range(2):
        journal.write(
            [settled(event(1), result(3, RunState.DONE, earlier=before), run(handler="a.b"))]
        )
    other, found = journal.runs_of(an_id(1))
    assert found.attempts_made == (*before, attempt(3, DONE))
    assert len(other.attempts_made) == 1


def test_one_that_was_dead_stays_known_when_it_is_retried(failed: Journal):
    """By somebody who asked for it."""
    make(failed, 2, state=RunState.DEAD)
    assert failed.retry_runs(Filter(), at(3)) == 1
    assert stored(failed).attempts_made == (attempt(1), attempt(2))
    make(failed, 3, state=RunState.DONE)
    assert stored(failed).attempts_made == (attempt(1), attempt(2), attempt(3, DONE))


def test_one_that_was_dismissed_ended_when_it_did(failed: Journal):
    """Its run ended when somebody dismissed it; when it is retried nevertheless, nothing is told
    twice.
    """
    assert failed.dismiss_runs(Filter(), at(9)) == 1
    assert (stored(failed).finished_at, stored(failed).attempts_made) == (at(9), (attempt(1),))
    failed.retry_runs(Filter(), at(1))
    make(failed, 2, state=RunState.DONE)
    assert stored(failed).attempts_made == (attempt(1), attempt(2, DONE))


def test_what_comes_too_late_changes_nothing(failed: Journal):
    """Its claim was taken away meanwhile, or it has been written already."""
    make(failed, 2)
    before = stored(failed)
    assert failed.finish(MEMBER, [(an_id(1), result(2, RunState.DONE))]) == 0
    assert stored(failed) == before


def test_the_last_ones_are_kept(failed: Journal):
    """However often it is tried; also when the last one dies."""
    last = MOST_KEPT + 3
    make(failed, *range(2, last + 1))
    assert stored(failed).attempts_made == tuple(map(attempt, range(4, last + 1)))
    assert rows(failed) == MOST_KEPT - 1
    claim(failed, last + 1)
    free(failed, now=at(last + 2))
    assert [each.number for each in stored(failed).attempts_made] == [*range(5, last + 2)]


def test_they_go_with_their_event(failed: Journal):
    """Nothing is left of it."""
    make(failed, 2)
    make(failed, 3, state=RunState.DONE)
    assert rows(failed) == 2
    assert failed.delete_older(T0 + 86_400_000, 10).count == 1
    assert rows(failed) == 0


def test_a_group_of_failures_was_first_seen_in_the_first_attempt(failed: Journal):
    """On both databases; what it did is not read for that."""
    make(failed, 2, 3)
    (found,) = failed.failed_runs()
    assert [(each.finished_at, each.effects) for each in found.attempts_made] == [
        (at(number) + 12, ()) for number in (1, 2, 3)
    ]


def test_one_that_does_not_count_takes_the_place_of_none(journal: Journal) -> None:
    """A run that only waited for another one has the number of the attempt before; what that did
    stays known.
    """
    journal.write([settled(event(1), result(1))])
    for _ in range(2):
        claim(journal, 2)
        assert journal.finish(MEMBER, [(an_id(1), result(1, error="NotYet: busy"))]) == 1
        assert stored(journal).attempts_made == (attempt(1),)
    make(journal, 2, state=RunState.DONE)
    assert stored(journal).attempts_made == (attempt(1), attempt(2, DONE))
