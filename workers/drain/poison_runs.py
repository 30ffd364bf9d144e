"""Runs that were in progress when a drainer died: each of them may be poison.

A take-over finds the marks of such runs. These, and how those drainers ended, say what becomes of
each, see `workers.poison`: it is repeated like any other, or alone in a process of its own, or it
is dead.
"""

from collections.abc import Mapping

from comethooks.workers.drain.marks import Begun, EntryMarks
from comethooks.workers.handlers.isolated_process import Died
from comethooks.workers.journal import Attempt, RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.poison import UNSEEN_DEATHS, deaths_allowed, died_text, killed_text
from comethooks.workers.processes import ended_itself, ended_with_its_host
from comethooks.workers.states import RunState
from comethooks.workers.streams.endings import Ending


def members_in(marks: EntryMarks) -> set[str]:
    """The drainers in which the runs were in progress: those whose endings matter."""
    return {begun.member for begun in marks.begun.values()}


def deaths_in(
    event_id: str, marks: EntryMarks, endings: Mapping[str, Ending]
) -> tuple[dict[str, tuple[Attempt, ...]], set[str]]:
    """The attempts of each handler that ended with their process, and which are to run alone.

    The number of the last of those attempts is that of the deaths, also where marks do not tell of
    all. `endings` says of drainers how they ended, as far as is known. A run that is poison becomes
    one of the results of `marks`, dead.
    """
    deaths: dict[str, tuple[Attempt, ...]] = {}
    alone: set[str] = set()
    for handler, begun in marks.begun.items():
        ending, count = endings.get(begun.member), begun.deaths + 1
        how = ending.how if ending else None
        suspected = begun.alone
        if _is_innocent(event_id, handler, begun, ending):
            if begun.died:
                deaths[handler] = begun.died
        elif begun.alone and count >= UNSEEN_DEATHS:
            marks.results.append(_killed(handler, begun, how))
            continue
        else:
            deaths[handler] = _died(begun, how)
            suspected = suspected or count >= _enough_to_suspect(begun.member, how)
        if suspected:
            alone.add(handler)
    return deaths, alone


def after_isolated_death(
    handler: BoundHandler, died: tuple[Attempt, ...], death: Died
) -> RunResult | tuple[Attempt, ...]:
    """What becomes of a run whose own process died, after the attempts that `died`: it is dead, or
    has one more of those.
    """
    begun = Begun(
        "",
        died[-1].number if died else 0,
        alone=True,
        started_at=death.started_at,
        version=handler.version,
        died=died,
    )
    if begun.deaths + 1 >= deaths_allowed(death.ending):
        return _killed(handler.id, begun, death.ending)
    return _died(begun, death.ending)


def _is_innocent(event_id: str, handler: str, begun: Begun, ending: Ending | None) -> bool:
    """Whether the end of its drainer says nothing about a run, because something else was why."""
    if not begun.alone:
        # It was handed to a runner that was at another run when the process died.
        return ending is not None and not ending.was_at(event_id, handler)
    # It was in a process of its own, which ended with the drainer.
    if ending is None:
        return ended_with_its_host(begun.member)
    return bool(ending.in_progress) or ended_itself(ending.how)


def _enough_to_suspect(member: str, ending: str | None) -> int:
    """After how many deaths a run is to run alone that was in progress among others."""
    # A process that ended itself (Redis was away) did so with all that was in progress. To suspect
    # all of that after every outage would take minutes, so it has to go on.
    if ended_itself(ending):
        return UNSEEN_DEATHS
    # A power cut is the fault of none of them; but something may bring the host down every time.
    return 2 if ending is None and ended_with_its_host(member) else 1


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
        error=killed_text(ending, begun.deaths + 1),
        version=begun.version,
        earlier=begun.died,
    )
