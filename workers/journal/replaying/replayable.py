"""The events of a replay: read a portion at a time, oldest first, with what is known of their runs;
and which events a replay has yet to come to.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Select, and_, func, not_, or_, select

from comethooks.workers.journal.decisions import with_decisions
from comethooks.workers.journal.listings.portions import fitting
from comethooks.workers.journal.listings.queries import Condition, Place, oldest_first
from comethooks.workers.journal.listings.searching import Search, search_for_events
from comethooks.workers.journal.replaying.dry_runs import MODE
from comethooks.workers.journal.replaying.replay_request import Candidate, Choice, ReplayRequest
from comethooks.workers.journal.replaying.stored_replay import StoredReplay
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.models import LIVE, events, replay_events, replays, runs
from comethooks.workers.journal.tables.transactions import reading
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import ReplayState, RunMode, RunState

_COLUMNS = tuple(column for column in events.c if column.name not in ("body", "partition"))
_WITH_BODY: Condition = not_(and_(events.c.size > 0, func.length(events.c.body) == 0))
"""When retention has dropped the body, there is nothing to give to a handler."""


def candidates(
    engine: Engine,
    request: ReplayRequest,
    name: str | None,
    after: Place | None,
    size: int,
    *,
    bodies: bool,
) -> list[Candidate]:
    """The next events of the replay `name`, at most `size`, that follow `after`; none at the end.

    Without a name they are those of a replay that is planned. `bodies` says whether bodies are
    read, which may make the portion smaller. Raises `JournalUnavailableError` and
    `JournalOutdatedError`.
    """
    search = _search(request, name)

    def query(conditions: Sequence[Condition], most: int) -> Select[Any]:
        return oldest_first(conditions, after, most)

    with reading(engine) as connection:
        places = search.page(connection, query, after, size, newest=False)
        ids = [identifier for _, identifier, _ in places]
        if bodies:
            ids = fitting((identifier, length or 0) for _, identifier, length in places)
        columns = (*_COLUMNS, events.c.body) if bodies else _COLUMNS
        found = (
            select(*columns).where(events.c.id.in_(ids)).order_by(events.c.received_at, events.c.id)
        )
        records = [_record(row._asdict()) for row in connection.execute(found)]
        if records or not places:
            return _with_runs(connection, with_decisions(connection, records), name)
    # All of them were deleted since: an empty answer would mean that the replay is at its end.
    last = places[-1]
    return candidates(engine, request, name, Place(last[0], last[1]), size, bodies=bodies)


def known(engine: Engine, records: Sequence[Record]) -> list[Candidate]:
    """What `Replays.known` gives."""
    has_body = select(events.c.id, _WITH_BODY).where(
        events.c.id.in_([record.id for record in records])
    )
    with reading(engine) as connection:
        there: dict[str, bool] = {
            identifier: bool(body) for identifier, body in connection.execute(has_body)
        }
        wanted = [each for each in records if there.get(each.id, bool(each.body) or not each.size)]
        return _with_runs(connection, wanted, None)


def awaited(connection: Connection, ids: Collection[str], since: int) -> set[str]:
    """Those of the events `ids` that a replay has yet to come to.

    The replay is running or, at `since` or later, it was stopped, it failed, or somebody began to
    read its file: it may go on.
    """
    ended = func.coalesce(replays.c.finished_at, replays.c.created_at, type_=Instant)
    running, done = ReplayState.RUNNING.value, ReplayState.DONE.value
    going_on = or_(replays.c.state == running, and_(replays.c.state != done, ended >= since))
    found: set[str] = set()
    for row in connection.execute(select(replays).where(going_on)).all():
        replay = StoredReplay.from_row(row._asdict())
        search = _search(replay.request, replay.name)
        conditions = [*search.conditions, events.c.id.in_(ids)]
        query = oldest_first(conditions, replay.place, len(ids))
        found.update(identifier for _, identifier, _ in connection.execute(query))
    return found


def _search(request: ReplayRequest, name: str | None) -> Search:
    """The search for the events of a replay, those that it has come to included."""
    asked = request.asked
    if request.choice is Choice.DEAD:
        asked = replace(asked, state=RunState.DEAD, replay=LIVE)
    if not request.from_file:
        return search_for_events(asked, besides=name, more=[_WITH_BODY])
    staged = select(replay_events.c.event_id).where(replay_events.c.replay == name)
    return search_for_events(
        asked, besides=name, more=[_WITH_BODY, events.c.id.in_(staged)], by_blocks=False
    )


def _record(row: dict[str, Any]) -> Record:
    known = {**row, "size": row["size"] or 0, "headers": orjson.loads(row["headers"])}
    return Record(kind=Kind.EVENT, **known)


def _with_runs(
    connection: Connection, records: Sequence[Record], name: str | None
) -> list[Candidate]:
    ids = [record.id for record in records]
    live: defaultdict[str, dict[str, RunState]] = defaultdict(dict)
    ran: defaultdict[str, set[str]] = defaultdict(set)
    recorded: defaultdict[str, set[str]] = defaultdict(set)
    columns = (runs.c.event_id, runs.c.handler, runs.c.replay, runs.c.state, MODE)
    for event_id, handler, replay, state, mode in connection.execute(
        select(*columns).where(runs.c.event_id.in_(ids))
    ):
        if replay == name:
            recorded[event_id].add(handler)
        elif mode != RunMode.DRY and state != RunState.SKIPPED.value:
            ran[event_id].add(handler)
        if replay == LIVE:
            live[event_id][handler] = RunState(state)
    return [
        Candidate(each, live[each.id], frozenset(ran[each.id]), frozenset(recorded[each.id]))
        for each in records
    ]
