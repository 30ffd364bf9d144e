"""Which runs are repeated after a death, which of them with nothing beside them, and which are dead."""

import pytest

from workers.marks import Begun, EntryMarks
from workers.processes import EXIT_FAILED, EXIT_LEASE_LOST
from workers.states import RunState
from workers.suspects import judge, members_in

MEMBER = "host|boot|7"
ITSELF = [f"exit status {status}" for status in (EXIT_FAILED, EXIT_LEASE_LOST)]


def among_others(deaths: int = 0) -> EntryMarks:
    """The marks of an entry whose one run was in progress among others."""
    return EntryMarks(begun={"a.b": Begun(MEMBER, deaths)})


def alone(deaths: int = 1) -> EntryMarks:
    """The marks of an entry whose one run was alone in its process."""
    return EntryMarks(begun={"a.b": Begun(MEMBER, deaths, alone=True, started_at=1_000, version="1.0")})


@pytest.mark.parametrize("endings", [{}, {MEMBER: "SIGKILL"}, {MEMBER: "exit status 1"}])
def test_a_run_that_was_in_progress_among_others_is_run_alone(endings: dict[str, str]) -> None:
    """It may have been any of them."""
    marks = among_others()
    assert judge(marks, endings) == ({"a.b": 1}, {"a.b"})
    assert marks.results == []


@pytest.mark.parametrize("ending", ITSELF)
def test_when_the_process_ended_itself_nobody_is_suspected_unless_that_goes_on(ending: str) -> None:
    """Redis was away, or the lease was lost: a handler may be why, but hardly the first time."""
    assert judge(among_others(0), {MEMBER: ending}) == ({"a.b": 1}, set())
    assert judge(among_others(1), {MEMBER: ending}) == ({"a.b": 2}, set())
    assert judge(among_others(2), {MEMBER: ending}) == ({"a.b": 3}, {"a.b"})


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGSEGV", "exit status 1", "exit status 0"])
def test_a_run_that_was_alone_when_its_process_was_killed_is_dead(ending: str) -> None:
    """With the signal or the status, the version that ran, and both attempts."""
    marks = alone()
    assert judge(marks, {MEMBER: ending}) == ({}, set())
    (result,) = marks.results
    assert (result.handler, result.state, result.attempts, result.version) == ("a.b", RunState.DEAD, 2, "1.0")
    assert result.error == f"killed its worker twice ({ending})"


@pytest.mark.parametrize("endings", [{}, *({MEMBER: ending} for ending in ITSELF)])
def test_a_death_that_nobody_saw_or_that_was_its_own_counts_but_not_at_once(endings: dict[str, str]) -> None:
    """The machine may have been switched off; a handler that holds Python's lock loses the lease each time."""
    assert judge(alone(deaths=1), endings) == ({"a.b": 2}, {"a.b"})
    marks = alone(deaths=2)
    assert judge(marks, endings) == ({}, set())
    assert (marks.results[0].error or "").startswith("killed its worker 3 times")


def test_the_drainers_whose_endings_matter_are_those_of_what_was_in_progress() -> None:
    """Results need no judge."""
    assert members_in(EntryMarks()) == set()
    assert members_in(alone()) == {MEMBER}
