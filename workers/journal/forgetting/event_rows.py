"""Forgetting a user in the events, and in what stands beside them: one walk over all of them,
oldest first, some at a time, and a short transaction for those in which the user is.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)

from comethooks.schemas import Vote
from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.workers.journal.forgetting.block_terms import Renamed, kept_in, rename
from comethooks.workers.journal.forgetting.needles import holds_any
from comethooks.workers.journal.forgetting.without import (
    FORGOTTEN,
    app_in,
    body_without,
    error_without,
    headers_without,
    votes_without,
)
from comethooks.workers.journal.listings.queries import Place, in_order
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.decision_table import decisions
from comethooks.workers.journal.tables.models import attempts, events, runs
from comethooks.workers.journal.tables.statements import chunks
from comethooks.workers.texts import dumps

PAGE = 2000
"""Events that are looked at in one query."""
_AT_ONCE = 50
"""Of those in which the user may be, how many are read and written at once."""
_SEARCHED = ("conversation_id", "sender")
_ORDER = (events.c.received_at, events.c.id)


class Pass(NamedTuple):
    """What one step did: how many events it looked at, at most, and how many rows of each table it
    changed, or would.
    """

    looked_at: int
    changed: Counter[str]


def walk(
    engine: Engine, app_id: str, uid: str, user: ForgottenUser, *, since: int | None, writes: bool
) -> Iterator[Pass]:
    """Forget the user in all events of an app, or of none, received `since` then (ms); with
    `writes` off, only count.
    """
    place = None if since is None else Place(since, "")
    named = holds_any(
        engine.dialect.name, (events.c.conversation_id, events.c.headers, events.c.body), uid
    )
    of_app = or_(events.c.app_id == app_id, events.c.app_id.is_(None))
    hit = of_app & (or_(events.c.sender == uid, func.coalesce(named, False)))
    while True:
        with engine.connect() as connection:
            end = _end_of_page(connection, place)
            last = tuple_(*_ORDER) <= _bound(end) if end else true()
            first = tuple_(*_ORDER) > _bound(place) if place else true()
            found = list(connection.scalars(select(events.c.id).where(first, last, hit)))
        changed: Counter[str] = Counter()
        for some in chunks(found, _AT_ONCE):
            changed += _change(engine, app_id, user, list(some), writes=writes)
        yield Pass(PAGE, changed)
        if end is None:
            return
        place = end


def _end_of_page(connection: Connection, place: Place | None) -> Place | None:
    """The last place of the next `PAGE` events; None where there are not so many."""
    query = in_order(select(*_ORDER), events, place, 1).offset(PAGE - 1)
    row = connection.execute(query).first()
    return None if row is None else Place(*row)


def _bound(place: Place) -> ColumnElement[Any]:
    return tuple_(literal(place.received_at, Instant), place.id)


class _Found(NamedTuple):
    """Some events and their decisions, as they were read."""

    rows: Sequence[Any]
    decided: Sequence[Any]


def _change(
    engine: Engine, app_id: str, user: ForgottenUser, ids: list[str], *, writes: bool
) -> Counter[str]:
    while (changed := _changed_at_once(engine, app_id, user, ids, writes=writes)) is None:
        pass
    return changed


def _changed_at_once(
    engine: Engine, app_id: str, user: ForgottenUser, ids: list[str], *, writes: bool
) -> Counter[str] | None:
    """Change some events; None, and nothing is changed, when somebody else has meanwhile: another
    user may be forgotten at the same time, or retention drops bodies.
    """
    with engine.connect() as connection:
        found = _read(connection, ids)
        rows = [row for row in found.rows if row.app_id or app_in(row.body) in (None, app_id)]
        changes = {row.id: _changed(row, user) for row in rows}
        mine = [row.id for row in rows if user.is_it(row.sender) or row.sender == user.alias]
        voted = _votes(found.decided, {row.id for row in rows}, mine, user)
        about = _of_runs(connection, mine)
    changed = {each: values for each, values in changes.items() if values}
    if writes and (changed or voted or about):
        renamed = [
            Renamed(row.received_at, row.id, name, getattr(row, name), changed[row.id][name])
            for row in rows
            for name in _SEARCHED
            if name in changed.get(row.id, {})
        ]
        with engine.connect() as connection:
            kept = kept_in(connection, renamed)
        with for_writing(engine).begin() as connection:
            if _read(connection, ids, for_update=True) != found:
                return None
            _update_events(connection, changed)
            rename(connection, renamed, kept)
            for event_id, votes in voted.items():
                same = decisions.c.event_id == event_id
                connection.execute(update(decisions).where(same).values(votes=votes))
            _empty_runs(connection, mine)
    return (
        Counter({name: n for name, n in (("events", len(changed)), ("decisions", len(voted))) if n})
        + about
    )


def _read(connection: Connection, ids: list[str], *, for_update: bool = False) -> _Found:
    columns = (
        *(events.c.id, events.c.app_id, events.c.conversation_id, events.c.sender),
        *(events.c.received_at, events.c.headers, events.c.body),
    )
    # In the order of their ids, so that two who lock some of the same wait for one another.
    rows = select(*columns).where(events.c.id.in_(ids)).order_by(events.c.id)
    votes = select(decisions).where(decisions.c.event_id.in_(ids)).order_by(decisions.c.event_id)
    if for_update:
        rows, votes = (each.with_for_update(key_share=True) for each in (rows, votes))
    return _Found(*(connection.execute(each).all() for each in (rows, votes)))


def _changed(row: Any, user: ForgottenUser) -> dict[str, Any]:
    by_user = user.is_it(row.sender) or row.sender == user.alias
    headers = orjson.loads(row.headers)
    new = {
        "conversation_id": None if row.conversation_id is None else user.in_id(row.conversation_id),
        "sender": None if row.sender is None else user.in_uid(row.sender),
        "body": body_without(row.body, user, by_user=by_user),
    }
    found = {name: value for name, value in new.items() if getattr(row, name) != value}
    if (kept := headers_without(headers, user, by_user=by_user)) != headers:
        found["headers"] = dumps(kept, scrubs=True).decode()
    return found


def _update_events(connection: Connection, changed: Mapping[str, Mapping[str, Any]]) -> None:
    """Those of which the same columns change at once: PostgreSQL is asked once for all of them."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for event_id, values in changed.items():
        alike[tuple(values)].append({"key": event_id, **values})
    for names, rows in alike.items():
        same = events.c.id == bindparam("key")
        values = {name: bindparam(name) for name in names}
        connection.execute(update(events).where(same).values(values), rows)


def _votes(
    decided: Sequence[Any], ids: Collection[str], mine: list[str], user: ForgottenUser
) -> dict[str, str]:
    """The votes that are to be others, by event."""
    found = {}
    for row in decided:
        if row.event_id not in ids:
            continue
        votes = tuple(map(Vote.from_json, orjson.loads(row.votes)))
        kept = votes_without(votes, user, by_user=row.event_id in mine)
        if kept != votes:
            found[row.event_id] = dumps([each.as_json() for each in kept], scrubs=True).decode()
    return found


def _of_runs(connection: Connection, mine: list[str]) -> Counter[str]:
    """How many runs and attempts of the user's events tell of them."""
    counts = Counter[str]()
    for table in (runs, attempts):
        for row in connection.execute(
            select(table).where(table.c.event_id.in_(mine), _tells(table))
        ):
            counts[table.name] += row.error is not None or bool(_emptied(row))
    return +counts


def _tells(table: Any) -> ColumnElement[bool]:
    told = [table.c.effects.is_not(None)]
    if "traceback" in table.c:
        told.append(table.c.traceback.is_not(None))
    error = (table.c.error.is_not(None)) & (~table.c.error.endswith(FORGOTTEN))
    return or_(error, *told)


def _emptied(row: Any) -> dict[str, Any]:
    return {name: None for name in ("effects", "traceback") if getattr(row, name, None) is not None}


def _empty_runs(connection: Connection, mine: list[str]) -> None:
    for table in (runs, attempts):
        key = [column.name for column in table.primary_key]
        query = select(table).where(table.c.event_id.in_(mine), _tells(table))
        rows = connection.execute(query).all()
        for row in rows:
            same = [table.c[name] == bindparam(f"key_{name}") for name in key]
            values = {**_emptied(row), "error": error_without(row.error)}
            given = {f"key_{name}": getattr(row, name) for name in key}
            connection.execute(update(table).where(*same).values(values), given)
