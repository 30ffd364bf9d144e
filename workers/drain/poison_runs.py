"""Runs that were in progress when a drainer died: each of them may be poison.

A take-over finds the marks of such runs. These, and how those drainers ended, say what becomes of
each, see `workers.poison`: it is repeated like any other, or with nothing beside it, or it is dead.
"""

from collections.abc import Mapping

from comethooks.workers.drain.marks import Begun, EntryMarks
from comethooks.workers.journal import Attempt, RunResult
from comethooks.workers.poison import UNSEEN_DEATHS, deaths_allowed, died_text, killed_text
from comethooks.workers.processes import ended_itself
from comethooks.workers.states import RunState


def members_in(marks: EntryMarks) -> set[str]:
    """The drainers in which the runs were in progress: those whose endings matter."""
    return {begun.member for begun in marks.begun.values()}


def deaths_in(
    marks: EntryMarks, endings: Mapping[str, str]
) -> tuple[dict[str, tuple[Attempt, ...]], set[str]]:
    """The attempts of each handler that ended with their process, and which are to run alone.

    The number of the last of those attempts is that of the deaths, also where marks do not tell of
    all. `endings` says of drainers how they ended ("SIGKILL", "exit status 1"), as far as is known.
    A run that is poison becomes one of the results of `marks`, dead.
    """
    deaths: dict[str, tuple[Attempt, ...]] = {}
    alone: set[str] = set()
    for handler, begun in marks.begun.items():
        ending, count = endings.get(begun.member), begun.deaths + 1
        if begun.alone and count >= deaths_allowed(ending):
            marks.results.append(_killed(handler, begun, ending))
            continue
        deaths[handler] = _died(begun, ending)
        # A process that ended itself (Redis was away) did so with all that was in progress. Running
        # all of that one by one after every outage would take minutes, so it has to go on.
        if begun.alone or not ended_itself(ending) or count >= UNSEEN_DEATHS:
            alone.add(handler)
    return deaths, alone


def _died(begun: Begun, ending: str | None) -> tuple[Attempt, ...]:
    number = begun.deaths + 1
    if begun.died and begun.died[-1].number == number:  # it was handed back, and nobody died since
        return begun.died
    return (*begun.died, Attempt(number, begun.started_at, None, died_text(ending)))


def _killed(handler: str, begun: Begun, ending: str | None) -> RunResult:
    return RunResult(
        handler=handler,
        state=RunState.DEAD,
        attempts=begun.deaths + 1,
        started_at=begun.started_at,
        finished_at=None,
        error=killed_text(ending),
        version=begun.version,
        earlier=begun.died,
    )
