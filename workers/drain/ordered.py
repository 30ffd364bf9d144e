"""Ordered handlers in a drainer: which run may run here, and which has to wait in SQL for an
earlier one.

For each ordered handler and each lane there is a line in SQL, see
`workers.journal.runs.waiting_lines`. A run that fails here is the first of it; from then on those
of later events are put behind it without being run, until nobody stands in the line. What is in the
line is run by jobs of the queue `runs`, one after the other. A run may run here only when nobody
stands in its line, in SQL or on the way there. To put it into the line is always right, if not
always quick: whoever stands there with nobody before is released within about a second.

How a drainer knows, and why that is enough:

- Only the drainer that holds the lease of a partition puts runs into the lines of its lanes. So
  once SQL has said that a line is empty, it is until this drainer puts something there: that is
  remembered while the lease is held.
- What it puts there takes a while until it is in SQL. It is counted from before the next event of
  its lane can start until after the commit. While the count is not 0 nobody asks SQL, and later
  runs are put behind.
- Otherwise SQL is asked: before the first run of a line, and then before each as long as somebody
  stands there. If SQL does not answer, the run waits.

A run that is put into the line gets the same kind of mark in Redis as one that ended. What a crash
leaves:

1. A run has failed; its mark is not confirmed. It is found started and is repeated, before any
   later one.
2. The mark is there. The successor reads it before it reads any later entry, counts the run as on
   its way to SQL, and puts it there. Were it in SQL already, it stays what it has become meanwhile.
3. A later run was found to have to wait; its mark is not confirmed. It is asked again, in the same
   order.
4. That mark is there. The successor puts it into the line, and never runs it: it may have been run
   from there.

The place of a run in its line is that of its entry in the stream, so the line has the order of
accept, whoever put the runs there and when. A line has an end: what finds too many before it is
dead and says so. It keeps its place, and is run there when somebody retries it.
"""

from dataclasses import replace

from comethooks.workers.drain.items import Item
from comethooks.workers.handlers.in_line import MOST_IN_LINE, LineLength, behind, how_many, name_of
from comethooks.workers.journal import Line, RunResult, searchable
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.states import RunState

_MOST_REMEMBERED = 4_096
"""Lines of a partition that are known to be empty; of a forgotten one SQL is asked again."""
_SEQUENCE_BITS = 20
"""Of a place, for entries of the same millisecond."""


def instead_of(
    handler: BoundHandler, item: Item, line_length: LineLength, *, most: int = MOST_IN_LINE
) -> RunResult | None:
    """What becomes of the run of an ordered handler that cannot run now; None when it can.

    To be called when everything before it in its lane has ended.
    """
    lines, key = item.partition.lines, (handler.id, item.lane)
    if key in lines.free:
        return None
    line = Line(searchable(handler.id) or "", name_of(item.lane))
    # SQL does not know yet of what is on its way there, and might say that the line is empty.
    before = 1 if lines.unwritten[key] else how_many(line, line_length, most)
    if not before:
        if len(lines.free) >= _MOST_REMEMBERED:
            lines.free.clear()  # all at once: to be asked again costs a query, no order
        lines.free.add(key)
        return None
    return put_in_line(item, behind(handler, before, most))


def put_in_line(item: Item, result: RunResult) -> RunResult:
    """The result of a run of an ordered handler with its place in the line, if it did not end well.

    To be called before the next event of the lane can start. Nothing of the line may run here from
    now on.
    """
    if result.state is RunState.DONE:
        return result
    lines, key = item.partition.lines, (result.handler, item.lane)
    # Runners of other lanes and the main thread change the same counter, which `+=` reads first.
    with lines.lock:
        lines.unwritten[key] += 1
        lines.free.discard(key)
    item.in_line = True
    return replace(result, lane=name_of(item.lane), place=_place(item.entry))


def leave_memory(item: Item) -> None:
    """Forget that runs of `item` are on their way to a line in SQL: they are there, or never will
    be.
    """
    lines = item.partition.lines
    with lines.lock:
        for result in item.results:
            if result.lane is not None:
                key = result.handler, item.lane
                lines.unwritten[key] -= 1
                if not lines.unwritten[key]:
                    del lines.unwritten[key]


def _place(entry: str) -> int:
    """Where an entry of a stream stands, as a number of 64 bits that grows with every entry."""
    milliseconds, _, sequence = entry.partition("-")
    return (int(milliseconds) << _SEQUENCE_BITS) + min(int(sequence), (1 << _SEQUENCE_BITS) - 1)
