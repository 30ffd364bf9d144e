"""Suspects: runs that were in progress when a drainer died, and may be what it died of.

A take-over finds the marks of such runs. One that had only started, among others, is run again with nothing else
beside it. One that was alone in its process when that died has killed it, and is dead, unless the process is
known to have ended itself. Where nobody saw how it ended (the worker died as well, or Redis was away), that
counts too, but not at once: a machine that is switched off twice is no fault of a handler.
"""

from collections.abc import Mapping

from workers.journal import RunResult, killed_twice
from workers.marks import EntryMarks, Suspect
from workers.processes import ended_itself
from workers.states import RunState

UNSEEN_DEATHS = 3
"""After so many deaths that nobody saw a run is dead."""


def members_in(marks: EntryMarks) -> set[str]:
    """The drainers in which suspects ran: those whose endings matter."""
    return {suspect.member for suspect in marks.suspects.values()}


def judge(marks: EntryMarks, endings: Mapping[str, str]) -> dict[str, int]:
    """The handlers that are to run alone, and of how many deaths each is suspected.

    `endings` says of drainers how they ended ("SIGKILL", "exit status 1"), as far as is known. A suspect that
    is found guilty becomes one of the results of `marks`, dead.
    """
    alone = dict.fromkeys(marks.started, 1)
    for handler, suspect in marks.suspects.items():
        ending = endings.get(suspect.member)
        if ended_itself(ending):
            alone[handler] = suspect.deaths
        elif ending is None and suspect.deaths + 1 < UNSEEN_DEATHS:
            alone[handler] = suspect.deaths + 1
        else:
            marks.results.append(_killed(handler, suspect, ending))
    return alone


def _killed(handler: str, suspect: Suspect, ending: str | None) -> RunResult:
    return RunResult(
        handler=handler,
        state=RunState.DEAD,
        attempts=suspect.deaths + 1,
        started_at=suspect.started_at,
        finished_at=None,
        error=killed_twice(ending),
        version=suspect.version,
    )
