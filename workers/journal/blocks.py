"""Blocks: what says of a few hundred rows of about the same time what is among them.

An index for each column that a listing may ask for would cost a drainer more than everything else
that it does: nearly every row of a batch changes another page of it. A block costs one row for 256
events: of which time they are, their triggers, and four bytes for each app, conversation, sender
and decision among them, and for each handler that was run on them. Who looks for something rare
reads all blocks, and then only the events of those times at which there may be some
(`workers.journal.listings.searching`). Repeated and refused requests, the rows of `requests`, have
blocks of their own, which tell of triggers, apps, outcomes and answers.

A block is written in the transaction that writes its events; of runs that are added to events which
are there, as those of replays are, the blocks of their times are told in the transaction that adds
them. A block may say too much: after a rollback, when rows are deleted, when two values have the
same four bytes, or when a run has since become done. It never says too little.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple
from zlib import crc32

import orjson
from sqlalchemy import Connection, Table, bindparam, delete, func, select, update

from comethooks.schemas.event.kept import BACKFILLED
from comethooks.workers.ids import new_id
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.models import blocks, events, requests
from comethooks.workers.journal.tables.rows import OUTCOMES, json_text, searchable
from comethooks.workers.journal.tables.statements import INSERT
from comethooks.workers.journal.times import storable
from comethooks.workers.record import Record
from comethooks.workers.states import RunState

SIZE = 256
"""Rows of a block."""
SPAN_MS = 24 * 3600 * 1000
"""Between the first and the last row of a block lies at most so much time."""
SEARCHED = ("app_id", "conversation_id", "sender")
"""The fields of which a block of events knows the values."""
APP, OUTCOME, ANSWER = "app_id", "outcome", "status"
"""Of which fields one of requests does."""
HANDLER = "handler"
"""What stands before the names of handlers that were run on its events."""
HANDLED = ("handled", "")
"""What stands for the events that have a run, and"""
UNHANDLED = ("unhandled", "")
"""for those that were written without a live one."""
DECISION = "decision"
"""What stands before what was decided on its events."""
FETCHED = ("fetched", "")
"""What stands for the events that came by no webhook, but were fetched later."""
UNDONE = ("undone", "")
"""What stands for the events with a run that was not done when it was written. One that was is not
undone later."""
_OPEN = "comethooks_block"
_searched = attrgetter(*SEARCHED)


class Named(NamedTuple):
    """What names the kind of a row."""

    source: str
    trigger: str | None
    name: str | None


@lru_cache(maxsize=4096)
def term(field_name: str, value: str) -> bytes:
    """What stands in a block for a value of a field, as a searched column keeps it."""
    # Cached, since block after block tells of the same conversations and senders.
    written = f"{field_name}\0{value}".encode("utf-8", "surrogatepass")
    return crc32(written).to_bytes(4, "big")


@dataclass(slots=True)
class _Block(ABC):
    """What is among some rows of a table. Times are milliseconds on received_at."""

    of: ClassVar[Table]

    first_at: int
    last_at: int
    id: str = field(default_factory=new_id)
    size: int = 0
    names: set[tuple[str, str | None, str | None]] = field(default_factory=set)
    """Source, trigger and name of each kind of row: what is in a `Named`."""
    values: set[tuple[str, str]] = field(default_factory=set)

    def takes(self, at: int) -> bool:
        """Whether there is room for a row of that time."""
        return self.size < SIZE and at - self.first_at <= SPAN_MS and self.last_at - at <= SPAN_MS

    def add(self, record: Record, at: int, runs: Iterable[RunResult]) -> None:
        """Tell of one more row."""
        self.size += 1
        if at > self.last_at:
            self.last_at = at
        elif at < self.first_at:
            self.first_at = at
        self.names.add((record.source, record.trigger, record.name))
        self._add_values(record, runs)

    @abstractmethod
    def _add_values(self, record: Record, runs: Iterable[RunResult]) -> None:
        """Tell of what a row may be looked for by."""

    def row(self) -> dict[str, Any]:
        """The row of `blocks`."""
        names = sorted([[searchable(each) for each in named] for named in self.names], key=repr)
        terms = sorted({term(name, searchable(value) or "") for name, value in self.values})
        return {
            "id": self.id,
            "of": self.of.name,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "names": json_text(names),
            "terms": b"".join(terms),
            "later": b"",
        }


class EventBlock(_Block):
    """What is among some events, and the runs on them."""

    __slots__ = ()
    of = events

    def _add_values(self, record: Record, runs: Iterable[RunResult]) -> None:
        add = self.values.add
        for found in zip(SEARCHED, _searched(record), strict=True):
            if found[1] is not None:
                add(found)
        if record.decision is not None:
            add((DECISION, record.decision.value))
        if BACKFILLED in record.headers:
            add(FETCHED)
        live = False
        for run in runs:
            add((HANDLER, run.handler))
            add(HANDLED)
            if run.state is not RunState.DONE:
                add(UNDONE)
            live = live or run.replay is None
        if not live:
            add(UNHANDLED)


class RequestBlock(_Block):
    """What is among some requests that became no event."""

    __slots__ = ()
    of = requests

    def _add_values(self, record: Record, runs: Iterable[RunResult]) -> None:
        self.values.add((OUTCOME, OUTCOMES[record.kind].value))
        if record.status is not None:
            self.values.add((ANSWER, str(record.status)))
        if record.app_id is not None:
            self.values.add((APP, record.app_id))


def cover(connection: Connection, written: Iterable[tuple[Record, Iterable[RunResult]]]) -> None:
    """Write blocks that tell of events and of their runs.

    The last block of a connection stays open for what is written next.
    """
    _cover(connection, EventBlock, written)


def cover_requests(connection: Connection, written: Iterable[Record]) -> None:
    """Write blocks that tell of requests, likewise."""
    _cover(connection, RequestBlock, ((record, ()) for record in written))


def _cover(
    connection: Connection,
    kind: type[_Block],
    written: Iterable[tuple[Record, Iterable[RunResult]]],
) -> None:
    found = [(storable(record.received_at) or 0, record, runs) for record, runs in written]
    if not found:
        return
    found.sort(key=lambda each: each[0])
    changed: list[_Block] = []
    open_one = f"{_OPEN}_of_{kind.of.name}"
    block: _Block | None = connection.info.get(open_one)
    for at, record, runs in found:
        if block is None or not block.takes(at):
            block = kind(at, at)
        if not changed or changed[-1] is not block:
            changed.append(block)
        block.add(record, at, runs)
    connection.info[open_one] = block
    connection.execute(_upsert(connection.dialect.name), [each.row() for each in changed])


def tell_of_runs(connection: Connection, added: Iterable[tuple[str, RunResult]]) -> None:
    """Tell of runs that were added to events which are there, each with its event's id.

    Most blocks know the handlers already, and are only read.
    """
    handlers: defaultdict[str, set[bytes]] = defaultdict(set)
    for event_id, run in added:
        handlers[event_id] |= {term(HANDLER, searchable(run.handler) or ""), term(*HANDLED)}
        if run.state is not RunState.DONE:
            handlers[event_id].add(term(*UNDONE))
    query = select(events.c.received_at, events.c.id).where(events.c.id.in_(handlers))
    found = sorted((at, event_id) for at, event_id in connection.execute(query))
    if not found:
        return
    times = [at for at, _ in found]
    about = (
        blocks.c.of == events.name,
        blocks.c.last_at.between(times[0], times[-1] + SPAN_MS),
        blocks.c.first_at <= times[-1],
    )
    columns = (blocks.c.id, blocks.c.first_at, blocks.c.last_at, blocks.c.terms, blocks.c.later)
    new: dict[str, set[bytes]] = {}
    for identifier, first, last, terms, later in connection.execute(select(*columns).where(*about)):
        of_block = found[bisect_left(times, first) : bisect_right(times, last)]
        if of_block:
            told = set().union(*(handlers[event_id] for _, event_id in of_block))
            if missing := told - _terms_in(terms) - _terms_in(later):
                new[identifier] = missing
    if new:
        _add_later(connection, new)


def forget_older(connection: Connection, of: Table) -> None:
    """Delete blocks of a table that are older than each of its rows."""
    oldest = select(func.min(of.c.received_at)).scalar_subquery()
    connection.execute(delete(blocks).where(blocks.c.of == of.name, blocks.c.last_at < oldest))


def names_in(text: str) -> list[Named]:
    """The sources, triggers and names that a block's row tells of."""
    return [Named(*each) for each in orjson.loads(text)]


def _add_later(connection: Connection, new: Mapping[str, Collection[bytes]]) -> None:
    """Add terms to blocks, by their ids. Others may do the same: it begins by locking them."""
    held = select(blocks.c.id, blocks.c.later).where(blocks.c.id.in_(new)).order_by(blocks.c.id)
    rows = connection.execute(held.with_for_update()).all()
    changed = [
        {"block": each, "all": b"".join([later, *sorted(new[each])])} for each, later in rows
    ]
    connection.execute(_ADD_LATER, changed)


_ADD_LATER = update(blocks).where(blocks.c.id == bindparam("block")).values(later=bindparam("all"))


def _terms_in(text: bytes) -> set[bytes]:
    # Not by `in`: what two terms beside each other have by chance is gone when one comes between.
    return {text[place : place + 4] for place in range(0, len(text), 4)}


@cache
def _upsert(name: str) -> Any:
    insert = INSERT[name](blocks)
    # What others added later stays.
    kept = ("id", "of", "later")
    changed = {each.name: insert.excluded[each.name] for each in blocks.c if each.name not in kept}
    return insert.on_conflict_do_update(index_elements=["id"], set_=changed)
