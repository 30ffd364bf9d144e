"""Ordered handlers in a replay: its runs stand in lines of its own, which are like those of live
runs.

When one does not end well, the later ones of its conversation are put behind it without being run.
Only who has the claim of a chunk puts runs of events of the journal there, so what is known at its
beginning holds until its end: SQL is asked once for each line. Nothing is kept beside the rows,
which are written with the progress of the chunk: what a crash leaves is a chunk that is done again,
and finds the same.

The place of a run is that of its event, see `place_of`. What handlers emit in the replay has lines
of its own, and places of when it was made: it is run at once, when the replay has yet to come to
most events of the journal, and none of these may be put before a run that goes on. How lines go on:
see `workers.journal.runs.waiting_lines`.
"""

from dataclasses import replace

from comethooks.schemas import OURS
from comethooks.schemas.triggers.identity import digest
from comethooks.workers.handlers.in_line import MOST_IN_LINE, LineLength, behind, how_many
from comethooks.workers.journal import Line, RunResult, searchable
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import Record
from comethooks.workers.states import RunState

_ENDED_WELL = (RunState.DONE, RunState.SKIPPED)
_EMITTED = "emitted"

LaneKey = tuple[str | None, ...]
"""What orders the events of a replay."""


class ReplayLines:
    """The lines of the replay `name`, for one chunk. Each is asked about by one thread at a
    time.
    """

    def __init__(self, name: str, line_length: LineLength, *, most: int = MOST_IN_LINE) -> None:
        self._name = name
        self._line_length = line_length
        self._most = most
        self._lengths: dict[Line, int] = {}

    def instead_of(self, handler: BoundHandler, record: Record) -> RunResult | None:
        """What becomes of a run that cannot be made now; None when it can."""
        if not handler.ordered:
            return None
        line = self._line(handler, record)
        if line not in self._lengths:
            self._lengths[line] = how_many(line, self._line_length, self._most)
        before = self._lengths[line]
        return self.placed(handler, record, behind(handler, before, self._most)) if before else None

    def placed(self, handler: BoundHandler, record: Record, result: RunResult) -> RunResult:
        """The result of a run, with its place in the line if later ones have to wait for it."""
        if not handler.ordered or result.state in _ENDED_WELL:
            return result
        line = self._line(handler, record)
        self._lengths[line] = self._lengths.get(line, 0) + 1
        return replace(result, lane=line.lane, place=place_of(record))

    def _line(self, handler: BoundHandler, record: Record) -> Line:
        return Line(searchable(handler.id) or "", lane_of(record, self._name))


def place_of(record: Record) -> int:
    """Where a run on an event of the journal stands in its line: when the event was received, in
    milliseconds.

    It is the event's alone, whatever else the replay is about at the moment. A line orders those of
    one place by the ids of their events, so it has the order in which the replay comes to them.
    """
    return record.received_at


def lane_of(record: Record, name: str, *, emitted: bool = False) -> str:
    """The lane of an event in the lines of the replay `name`: no other replay has the same, nor
    have live runs.

    Nor have events of the journal and those that were `emitted` in this replay.
    """
    return digest((name, *lane_key(record, emitted=emitted))).hex()


def lane_key(record: Record, *, emitted: bool = False) -> LaneKey:
    """What orders the events of a replay: the app, and the conversation, the sender or the event
    itself.

    For one that a handler made, the event that it was made of stands in for itself, as it does
    live. Those that were `emitted` in this replay are in order among themselves only.
    """
    parent = record.headers.get("parent") if record.source == OURS else None
    key = record.app_id, record.conversation_id or record.sender or parent or record.id
    return (_EMITTED, *key) if emitted else key
