"""Which runs are run alone after a death, and which are dead."""

import pytest

from workers.marks import EntryMarks, Suspect
from workers.processes import EXIT_FAILED, EXIT_LEASE_LOST
from workers.states import RunState
from workers.suspects import judge, members_in

MEMBER = "host|boot|7"


def suspect(deaths: int = 1) -> EntryMarks:
    """The marks of an entry whose one run was alone in its process."""
    return EntryMarks(suspects={"a.b": Suspect(1_000, MEMBER, "1.0", deaths)})


def test_a_run_that_had_started_among_others_is_run_alone() -> None:
    """It may have been any of them."""
    marks = EntryMarks(started={"a.b", "c.d"})
    assert judge(marks, {}) == {"a.b": 1, "c.d": 1}
    assert marks.results == []


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGSEGV", "exit status 1", "exit status 0"])
def test_a_run_that_was_alone_when_its_process_was_killed_is_dead(ending: str) -> None:
    """With the signal or the status, the version that ran, and both attempts."""
    marks = suspect()
    assert judge(marks, {MEMBER: ending}) == {}
    (result,) = marks.results
    assert (result.handler, result.state, result.attempts, result.version) == ("a.b", RunState.DEAD, 2, "1.0")
    assert result.error == f"killed its worker twice ({ending})"


@pytest.mark.parametrize("status", [EXIT_FAILED, EXIT_LEASE_LOST])
def test_a_process_that_ended_itself_is_not_held_against_the_run(status: int) -> None:
    """Redis was away, or the lease was lost."""
    marks = suspect(deaths=1)
    assert judge(marks, {MEMBER: f"exit status {status}"}) == {"a.b": 1}
    assert marks.results == []


def test_a_death_that_nobody_saw_counts_but_not_at_once() -> None:
    """The machine may have been switched off; a third time is no accident."""
    assert judge(suspect(deaths=1), {}) == {"a.b": 2}
    marks = suspect(deaths=2)
    assert judge(marks, {}) == {}
    assert marks.results[0].error == "killed its worker twice"


def test_the_drainers_whose_endings_matter_are_those_of_suspects() -> None:
    """Runs that only started are run alone, however their process ended."""
    assert members_in(EntryMarks(started={"a.b"})) == set()
    assert members_in(suspect()) == {MEMBER}
