"""Ordered handlers in a replay: every replay has lines of its own, which work like those of live
runs.

When a run does not end well, the later runs of its conversation are put behind it and not run. Only
the holder of a chunk's claim puts runs of journalled events into a line, so a length that is read
at the beginning of a chunk holds until its end, and SQL is asked once for each line. Nothing is
kept beside the rows, which are written together with the chunk's progress. After a crash the chunk
is done again, and finds the same lines.

A run's place in its line is that of its event, see `place_of`. Events that handlers emit in the
replay have lines of their own, with the time at which they were made as the place. They are run at
once, while most journalled events are yet to come, and none of those may get in front of a run that
goes on. `workers.journal.runs.waiting_lines` says how lines go on.
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
    """The lines of the replay `name`, for one chunk. No two threads ask about the same line."""

    def __init__(self, name: str, line_length: LineLength, *, most: int = MOST_IN_LINE) -> None:
        self._name = name
        self._line_length = line_length
        self._most = most
        self._lengths: dict[Line, int] = {}

    def instead_of(self, handler: BoundHandler, record: Record) -> RunResult | None:
        """The result of a run that has to wait, or that finds its line full; None when it can be
        made.
        """
        if not handler.ordered:
            return None
        line = self._line(handler, record)
        if line not in self._lengths:
            self._lengths[line] = how_many(line, self._line_length, self._most)
        before = self._lengths[line]
        return self.placed(handler, record, behind(handler, before, self._most)) if before else None

    def placed(self, handler: BoundHandler, record: Record, result: RunResult) -> RunResult:
        """The result of a run, with its place in the line when later runs have to wait for it."""
        if not handler.ordered or result.state in _ENDED_WELL:
            return result
        line = self._line(handler, record)
        self._lengths[line] = self._lengths.get(line, 0) + 1
        return replace(result, lane=line.lane, place=place_of(record))

    def _line(self, handler: BoundHandler, record: Record) -> Line:
        return Line(searchable(handler.id) or "", lane_of(record, self._name))


def place_of(record: Record) -> int:
    """The place in its line of a run on a journalled event: when the event was received (ms).

    It depends on nothing but the event, so a chunk that is done again finds the same place. Runs of
    one place are ordered by the ids of their events, as the replay orders events.
    """
    return record.received_at


def lane_of(record: Record, name: str, *, emitted: bool = False) -> str:
    """The lane of an event in the replay `name`. Live runs and other replays have other lanes.

    Events that were `emitted` in this replay share no lane with those of the journal.
    """
    return digest((name, *lane_key(record, emitted=emitted))).hex()


def lane_key(record: Record, *, emitted: bool = False) -> LaneKey:
    """What orders the events of a replay: the app, and the conversation, the sender or the event
    itself.

    An event that a handler emitted, and that has neither, goes by the event that it was made of, as
    it does live. Events that were `emitted` in this replay are in order among themselves only.
    """
    parent = record.headers.get("parent") if record.source == OURS else None
    key = record.app_id, record.conversation_id or record.sender or parent or record.id
    return (_EMITTED, *key) if emitted else key
