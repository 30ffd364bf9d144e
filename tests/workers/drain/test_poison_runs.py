"""Which runs are repeated after a death, which of them with nothing beside them, and which are
dead.
"""

import pytest

from comethooks.workers.drain.marks import Begun, EntryMarks, marks_in, start_mark
from comethooks.workers.drain.poison_runs import deaths_in, members_in
from comethooks.workers.journal import Attempt
from comethooks.workers.processes import EXIT_FAILED, EXIT_LEASE_LOST
from comethooks.workers.states import RunState

MEMBER = "host|boot|7"
ITSELF = [f"exit status {status}" for status in (EXIT_FAILED, EXIT_LEASE_LOST)]


def among_others(deaths: int = 0) -> EntryMarks:
    """The marks of an entry whose one run was in progress among others."""
    return EntryMarks(begun={"a.b": Begun(MEMBER, deaths)})


def alone(deaths: int = 1) -> EntryMarks:
    """The marks of an entry whose one run was alone in its process."""
    return EntryMarks(
        begun={"a.b": Begun(MEMBER, deaths, alone=True, started_at=1_000, version="1.0")}
    )


def judged(marks: EntryMarks, endings: dict[str, str]) -> tuple[dict[str, int], set[str]]:
    """The number of deaths of each handler, and which are to run alone."""
    deaths, alone = deaths_in(marks, endings)
    return {handler: died[-1].number for handler, died in deaths.items()}, alone


@pytest.mark.parametrize("endings", [{}, {MEMBER: "SIGKILL"}, {MEMBER: "exit status 1"}])
def test_a_run_that_was_in_progress_among_others_is_run_alone(endings: dict[str, str]) -> None:
    """It may have been any of them."""
    marks = among_others()
    assert judged(marks, endings) == ({"a.b": 1}, {"a.b"})
    assert marks.results == []


@pytest.mark.parametrize("ending", ITSELF)
def test_when_the_process_ended_itself_nothing_runs_alone_unless_that_goes_on(ending: str) -> None:
    """Redis was away, or the lease was lost: a handler may be why, but hardly the first time."""
    assert judged(among_others(0), {MEMBER: ending}) == ({"a.b": 1}, set())
    assert judged(among_others(1), {MEMBER: ending}) == ({"a.b": 2}, set())
    assert judged(among_others(2), {MEMBER: ending}) == ({"a.b": 3}, {"a.b"})


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGSEGV", "exit status 1", "exit status 0"])
def test_a_run_that_was_alone_when_its_process_was_killed_is_dead(ending: str) -> None:
    """With the signal or the status, the version that ran, and both attempts."""
    marks = alone()
    assert judged(marks, {MEMBER: ending}) == ({}, set())
    (result,) = marks.results
    assert (result.handler, result.state, result.attempts, result.version) == (
        "a.b",
        RunState.DEAD,
        2,
        "1.0",
    )
    assert result.error == f"killed its worker twice ({ending})"


@pytest.mark.parametrize("endings", [{}, *({MEMBER: ending} for ending in ITSELF)])
def test_a_death_that_nobody_saw_or_that_was_its_own_counts_but_not_at_once(
    endings: dict[str, str],
) -> None:
    """The machine may have been switched off; a handler that holds Python's lock loses the lease
    each time.
    """
    assert judged(alone(deaths=1), endings) == ({"a.b": 2}, {"a.b"})
    marks = alone(deaths=2)
    assert judged(marks, endings) == ({}, set())
    assert (marks.results[0].error or "").startswith("killed its worker 3 times")


def test_attempts_that_ended_with_their_process_are_known_one_by_one() -> None:
    """Each with how it ended; of one that was alone also since when it ran. The last one is the
    result, if dead.
    """
    first = Attempt(1, None, None, "its process ended before it did (SIGKILL)")
    deaths, _ = deaths_in(among_others(), {MEMBER: "SIGKILL"})
    assert deaths == {"a.b": (first,)}
    begun = Begun(MEMBER, 1, alone=True, started_at=1_000, died=deaths["a.b"])
    deaths, _ = deaths_in(EntryMarks(begun={"a.b": begun}), {})
    assert deaths == {"a.b": (first, Attempt(2, 1_000, None, "its process ended before it did"))}
    marks = EntryMarks(begun={"a.b": begun})
    deaths_in(marks, {MEMBER: "SIGSEGV"})
    assert (marks.results[0].attempts, marks.results[0].earlier) == (2, (first,))


def test_what_was_handed_back_has_not_died_once_more() -> None:
    """The drainer that took it over was to stop before it began."""
    died = (Attempt(1, None, None, "its process ended before it did (SIGKILL)"),)
    marks = marks_in({b"5-0/a.b": start_mark("", died, unrun=True)})["5-0"]
    assert deaths_in(marks, {}) == ({"a.b": died}, {"a.b"})


def test_the_drainers_whose_endings_matter_are_those_of_what_was_in_progress() -> None:
    """Results have ended."""
    assert members_in(EntryMarks()) == set()
    assert members_in(alone()) == {MEMBER}
