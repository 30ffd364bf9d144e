"""Ordered handlers in a replay: its runs stand in lines of its own, which are like those of live runs.

When one does not end well, the later ones of its conversation are put behind it without being run. Only who has the
claim of a chunk puts runs of events of the journal there, so what is known at its beginning holds until its end: SQL
is asked once for each line. Nothing is kept beside the rows, which are written with the progress of the chunk: what a
crash leaves is a chunk that is done again, and finds the same.

The place of a run is its event's number in the replay. How lines go on: see `workers.journal.lines`.
"""

from dataclasses import replace

from schemas.keys import digest
from workers.journal import Line, RunResult
from workers.journal.rows import searchable
from workers.loading import BoundHandler
from workers.ordering import MOST_IN_LINE, LineLength, behind, how_many
from workers.record import Record
from workers.states import RunState

_ENDED_WELL = (RunState.DONE, RunState.SKIPPED)


class ReplayLines:
    """The lines of the replay `name`, for one chunk. Each is asked about by one thread at a time."""

    def __init__(self, name: str, line_length: LineLength, *, most: int = MOST_IN_LINE) -> None:
        self._name = name
        self._line_length = line_length
        self._most = most
        self._lengths: dict[Line, int] = {}

    def instead_of(self, handler: BoundHandler, record: Record, place: int) -> RunResult | None:
        """What becomes of a run that cannot be made now; None when it can."""
        if not handler.ordered:
            return None
        line = self._line(handler, record)
        if line not in self._lengths:
            self._lengths[line] = how_many(line, self._line_length, self._most)
        before = self._lengths[line]
        return self.placed(handler, record, place, behind(handler, before, self._most)) if before else None

    def placed(self, handler: BoundHandler, record: Record, place: int, result: RunResult) -> RunResult:
        """The result of a run, with its place in the line if later ones have to wait for it."""
        if not handler.ordered or result.state in _ENDED_WELL:
            return result
        line = self._line(handler, record)
        self._lengths[line] = self._lengths.get(line, 0) + 1
        return replace(result, lane=line.lane, place=place)

    def _line(self, handler: BoundHandler, record: Record) -> Line:
        return Line(searchable(handler.id) or "", lane_of(record, self._name))


def lane_of(record: Record, name: str) -> str:
    """The lane of an event in the lines of the replay `name`: no other replay has the same, nor have live runs."""
    return digest((name, *lane_key(record))).hex()


def lane_key(record: Record) -> tuple[str | None, str]:
    """What orders the events of a replay: the app, and the conversation, the sender or the event itself."""
    return record.app_id, record.conversation_id or record.sender or record.id
