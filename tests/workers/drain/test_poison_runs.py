"""Which runs are repeated after a death, which of them in a process of their own, and which are
dead.
"""

from collections.abc import Collection
from dataclasses import replace

import pytest

from comethooks.workers.drain.marks import Begun, EntryMarks, marks_in, start_mark
from comethooks.workers.drain.poison_runs import after_isolated_death, deaths_in, members_in
from comethooks.workers.handlers.isolated_process import Died
from comethooks.workers.journal import Attempt, RunResult
from comethooks.workers.processes import EXIT_FAILED, EXIT_LEASE_LOST, member_name
from comethooks.workers.states import RunState
from comethooks.workers.streams.endings import Ending
from tests.workers.engine import handler

MEMBER = "host|boot|7"
HANDLER = handler(lambda event, ctx: None, "a.b")
FIRST = (Attempt(1, None, None, "its process ended before it did (SIGKILL)"),)
ITSELF = [f"exit status {status}" for status in (EXIT_FAILED, EXIT_LEASE_LOST)]


def among_others(deaths: int = 0) -> EntryMarks:
    """The marks of an entry whose one run was in progress among others."""
    return EntryMarks(begun={"a.b": Begun(MEMBER, deaths)})


def alone(deaths: int = 1) -> EntryMarks:
    """The marks of an entry whose one run was alone in its process."""
    return EntryMarks(
        begun={"a.b": Begun(MEMBER, deaths, alone=True, started_at=1_000, version="1.0")}
    )


def judge(
    marks: EntryMarks, endings: dict[str, str], in_progress: Collection[str] | None = None
) -> tuple[dict[str, tuple[Attempt, ...]], set[str]]:
    """What becomes of an entry when drainers ended so, with these runs in progress, if known."""
    runs = None if in_progress is None else frozenset(in_progress)
    return deaths_in("id", marks, {member: Ending(how, runs) for member, how in endings.items()})


def judged(
    marks: EntryMarks, endings: dict[str, str], in_progress: Collection[str] | None = None
) -> tuple[dict[str, int], set[str]]:
    """The number of deaths of each handler, and which are to run alone."""
    deaths, alone = judge(marks, endings, in_progress)
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
def test_a_run_whose_own_process_was_killed_the_second_time_is_dead(ending: str) -> None:
    """With the signal or the status, the version that ran, and both attempts."""
    result = after_isolated_death(HANDLER, FIRST, Died(ending, 2_000))
    assert isinstance(result, RunResult)
    assert (result.handler, result.state, result.attempts) == ("a.b", RunState.DEAD, 2)
    assert (result.version, result.started_at, result.earlier) == ("1.0", 2_000, FIRST)
    assert result.error == f"killed its worker twice ({ending})"


@pytest.mark.parametrize("ending", ITSELF)
def test_a_process_of_its_own_that_ended_itself_takes_one_death_more(ending: str) -> None:
    """The journal may have been away."""
    died = after_isolated_death(HANDLER, FIRST, Died(ending, 2_000))
    assert isinstance(died, tuple)
    assert [(each.number, each.started_at) for each in died] == [(1, None), (2, 2_000)]
    result = after_isolated_death(HANDLER, died, Died(ending, 3_000))
    assert isinstance(result, RunResult)
    assert (result.error or "").startswith("killed its worker 3 times")


def test_a_run_that_nobody_suspected_may_be_repeated_after_the_death_of_its_process() -> None:
    """It ran there because of another handler of the same event."""
    died = after_isolated_death(HANDLER, (), Died("SIGKILL", 2_000))
    assert isinstance(died, tuple)
    assert [each.number for each in died] == [1]


@pytest.mark.parametrize("endings", [{}, {MEMBER: "SIGKILL"}])
def test_a_drainer_whose_death_nothing_else_explains_counts_but_not_at_once(
    endings: dict[str, str],
) -> None:
    """The run in the other process may have done it; or somebody killed everything."""
    assert judged(alone(deaths=1), endings, []) == ({"a.b": 2}, {"a.b"})
    marks = alone(deaths=2)
    assert judged(marks, endings, []) == ({}, set())
    assert (marks.results[0].error or "").startswith("killed its worker 3 times")


@pytest.mark.parametrize(
    ("ending", "in_progress"), [("SIGKILL", ["other/a.b"]), *((each, []) for each in ITSELF)]
)
def test_a_drainer_that_died_of_something_else_says_nothing_of_a_run_in_another_process(
    ending: str, in_progress: list[str]
) -> None:
    """Of a run in the drainer itself, say. It goes on alone, however often that happens."""
    begun = Begun(MEMBER, 2, alone=True, started_at=1_000, died=FIRST)
    marks = EntryMarks(begun={"a.b": begun})
    assert judge(marks, {MEMBER: ending}, in_progress) == ({"a.b": FIRST}, {"a.b"})
    never = EntryMarks(begun={"a.b": Begun(MEMBER, 0, alone=True)})
    assert judge(never, {MEMBER: ending}, in_progress) == ({}, {"a.b"})


def test_a_run_that_had_not_begun_is_not_why() -> None:
    """It was handed to a runner that was at another one. What was known of it before still is."""
    kill = {MEMBER: "SIGKILL"}
    assert judged(among_others(), kill, []) == ({}, set())
    assert judged(among_others(), kill, ["id/a.c", "other/a.b"]) == ({}, set())
    assert judged(among_others(), kill, ["id/a.b"]) == ({"a.b": 1}, {"a.b"})
    died = (Attempt(1, None, None, "its process ended before it did (exit status 70)"),)
    marks = EntryMarks(begun={"a.b": Begun(MEMBER, 1, died=died)})
    assert judge(marks, kill, []) == ({"a.b": died}, set())


def test_a_host_that_was_switched_off_says_nothing_the_first_time() -> None:
    """Nothing that ran there is why; but something may be if it goes on. An end that nobody saw of
    a process of this boot, or of another host, is another matter.
    """
    host, _, rest = member_name(7).partition("|")
    before = f"{host}|another-boot.{rest.partition('.')[2]}"
    for member, deaths, suspected in (
        (before, 0, set()),
        (before, 1, {"a.b"}),
        (member_name(7), 0, {"a.b"}),
        (f"elsewhere|{rest}", 0, {"a.b"}),
        ("", 0, {"a.b"}),
    ):
        marks = EntryMarks(begun={"a.b": Begun(member, deaths)})
        assert judged(marks, {}) == ({"a.b": deaths + 1}, suspected)


def test_attempts_that_ended_with_their_process_are_known_one_by_one() -> None:
    """Each with how it ended; of one that was alone also since when it ran. The last one is the
    result, if dead.
    """
    deaths, _ = judge(among_others(), {MEMBER: "SIGKILL"})
    assert deaths == {"a.b": FIRST}
    begun = Begun(MEMBER, 1, alone=True, started_at=1_000, died=FIRST)
    deaths, _ = judge(EntryMarks(begun={"a.b": begun}), {})
    both = (*FIRST, Attempt(2, 1_000, None, "its process ended before it did"))
    assert deaths == {"a.b": both}
    marks = EntryMarks(begun={"a.b": replace(begun, deaths=2, died=both)})
    judge(marks, {MEMBER: "SIGSEGV"})
    assert (marks.results[0].attempts, marks.results[0].earlier) == (3, both)


def test_what_was_handed_back_has_not_died_once_more() -> None:
    """The drainer that took it over was to stop before it began."""
    died = (Attempt(1, None, None, "its process ended before it did (SIGKILL)"),)
    marks = marks_in({b"5-0/a.b": start_mark("", died, unrun=True)})["5-0"]
    assert judge(marks, {}) == ({"a.b": died}, {"a.b"})


def test_the_drainers_whose_endings_matter_are_those_of_what_was_in_progress() -> None:
    """Results have ended."""
    assert members_in(EntryMarks()) == set()
    assert members_in(alone()) == {MEMBER}
