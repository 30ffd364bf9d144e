"""The order of ordered handlers: which run has to wait for an earlier one, as
`workers.journal.runs.waiting_lines` has it.
"""

from comethooks.testing.delivery import Run
from comethooks.workers.states import RunState

Lane = tuple[str | None, ...]
"""The replay, the app, and the conversation, the user or the event itself; or what else orders a
replay's events."""


class Lines:
    """The runs of ordered handlers that are not done, those of each handler and lane one behind the
    other.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, Lane], list[Run]] = {}

    def enter(self, run: Run, lane: Lane) -> bool:
        """Stand at the end or, if the same event comes again, where that stood; whether nobody is
        before.
        """
        line = self._lines.setdefault((run.handler, lane), [])
        places = [place for place, other in enumerate(line) if other.event.id == run.event.id]
        if places:
            line[places[0]] = run
        else:
            line.append(run)
        return line[0] is run

    def leave(self, run: Run) -> Run | None:
        """Stand there no more; the run that waits and has nobody before it now."""
        for line in self._lines.values():
            if run in line:
                was_first = line[0] is run
                line.remove(run)
                if was_first and line and line[0].state is RunState.WAITING:
                    return line[0]
        return None
