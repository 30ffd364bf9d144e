"""Forgetting a user in all tables but that of events: what each row becomes.

A rule is given a row and the user, and says which columns change; None: the row goes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    or_,
    select,
    true,
    tuple_,
    update,
)

from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.workers.journal.forgetting import row_rules
from comethooks.workers.journal.forgetting.needles import holds_any
from comethooks.workers.journal.tables.case_tables import cases, moderated_messages
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.figure_tables import figure_users
from comethooks.workers.journal.tables.interaction_tables import (
    completions,
    group_members,
    interactive_messages,
    interactive_muids,
    presses,
)
from comethooks.workers.journal.tables.models import (
    attempts,
    drift,
    events,
    once_keys,
    replays,
    requests,
    runs,
)

PAGE = 100
Change = Mapping[str, Any] | None
"""The columns that change; empty: none; None: the row goes."""
Rule = Callable[[Any, ForgottenUser, str], Change]
"""Of a row, a user and the app."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a user may be: columns of a table, and what becomes of its rows."""

    table: Table
    columns: tuple[str, ...]
    rule: Rule
    of_event: bool = False
    """Whether the app is that of the row's event."""
    with_event: bool = False
    """Whether the rule has to know what the row's event says."""


_RUNS = _Place(runs, ("error", "traceback", "effects", "lane"), row_rules.of_run, of_event=True)
PLACES = (
    _RUNS,
    _Place(attempts, ("error", "effects"), row_rules.of_run, of_event=True),
    _Place(once_keys, ("key",), row_rules.of_once_key, with_event=True),
    _Place(requests, ("reason", "errors", "headers", "body"), row_rules.of_request),
    _Place(drift, ("path",), row_rules.of_drift),
    _Place(replays, ("request", "error"), row_rules.of_replay),
    _Place(
        interactive_messages,
        ("muid", "conversation_id", "tags", "facts", "wire"),
        row_rules.of_message,
    ),
    _Place(interactive_muids, ("muid",), row_rules.of_muid),
    _Place(presses, ("muid", "uid", "element_id", "answers", "answered"), row_rules.of_press),
    _Place(completions, ("uid",), row_rules.of_uid),
    _Place(group_members, ("uid",), row_rules.of_uid),
    _Place(
        cases,
        ("muid", "conversation_id", "sender", "excerpt", "failure", "closed_by", "note"),
        row_rules.of_case,
    ),
    _Place(moderated_messages, ("message", "failure"), row_rules.of_moderated),
    _Place(figure_users, ("uid",), row_rules.of_uid),
)
"""Every place but the events, their decisions, their blocks and what is still to be added up."""


def walk(
    engine: Engine, app_id: str, uid: str, user: ForgottenUser, *, writes: bool
) -> Iterator[Counter[str]]:
    """Forget the user in all of them; with `writes` off, only count. Yields after each page."""
    for place in PLACES:
        yield from _walk(engine, place, app_id, uid, user, writes)


def _walk(
    engine: Engine, place: _Place, app_id: str, uid: str, user: ForgottenUser, writes: bool
) -> Iterator[Counter[str]]:
    table = place.table
    key = list(table.primary_key)
    held = holds_any(engine.dialect.name, (table.c[name] for name in place.columns), uid)
    query = _rows(place).where(_of_app(place, app_id, uid), held).order_by(*key).limit(PAGE)
    last: Any = None
    while True:
        page = query if last is None else query.where(tuple_(*key) > tuple_(*_bound(key, last)))
        with engine.connect() as connection:
            rows = connection.execute(page).all()
        changed = [row for row in rows if place.rule(row, user, app_id) != {}]
        if changed and writes:
            with for_writing(engine).begin() as connection:
                for row in changed:
                    _change(connection, place, row, user, app_id)
        yield Counter({table.name: len(changed)}) if changed else Counter()
        if len(rows) < PAGE:
            return
        last = rows[-1]


def _of_app(place: _Place, app_id: str, uid: str) -> ColumnElement[bool]:
    if place.of_event:
        # Those of the user's own events are changed, and counted, with their events.
        same = events.c.id == place.table.c.event_id
        return ~exists().where(same, or_(events.c.app_id != app_id, events.c.sender == uid))
    if "app_id" not in place.table.c:
        return true()
    column = place.table.c.app_id
    return or_(column == app_id, column.is_(None), column == "")


def _bound(key: list[Column[Any]], row: Any) -> list[ColumnElement[Any]]:
    return [bindparam(None, getattr(row, column.name), type_=column.type) for column in key]


def _rows(place: _Place) -> Select[Any]:
    if not place.with_event:
        return select(place.table)
    said = [events.c[name].label(f"event_{name}") for name in row_rules.OF_EVENT]
    same = events.c.id == place.table.c.event_id
    return select(place.table, *said).select_from(place.table.outerjoin(events, same))


def _change(
    connection: Connection, place: _Place, row: Any, user: ForgottenUser, app_id: str
) -> None:
    """Change a row as it is now: whoever works on it may have changed it since it was read."""
    table, key = place.table, list(place.table.primary_key)
    same = [column == getattr(row, column.name) for column in key]
    locked = _rows(place).where(*same).with_for_update(of=table, key_share=True)
    now = connection.execute(locked).one_or_none()
    change = {} if now is None else place.rule(now, user, app_id)
    if change == {}:
        return
    if change is None or _is_taken(connection, table, key, row, change):
        connection.execute(delete(table).where(*same))
    else:
        connection.execute(update(table).where(*same).values(change))


def _is_taken(
    connection: Connection,
    table: Table,
    key: list[Column[Any]],
    row: Any,
    change: Mapping[str, Any],
) -> bool:
    """Whether there is another row already that the changed one would be."""
    if not any(column.name in change for column in key):
        return False
    wanted = [column == change.get(column.name, getattr(row, column.name)) for column in key]
    return connection.execute(select(*key).where(*wanted)).first() is not None


def rename_lanes(
    engine: Engine, app_id: str, uid: str, user: ForgottenUser, *, writes: bool
) -> Counter[str]:
    """Let lines of ordered handlers that name the user have another name, each in one step: no run
    of one may pass another. How many runs there are of which nothing else changes.
    """
    waiting = (runs.c.lane.is_not(None), runs.c.state != row_rules.DONE)
    with engine.connect() as connection:
        lanes = list(connection.scalars(select(runs.c.lane).where(*waiting).distinct()))
    count = 0
    for lane in lanes:
        app, of_app, _ = lane.partition("/")
        new = user.in_key(lane)
        if new == lane or (of_app and app not in ("", app_id)):
            continue
        others = (runs.c.lane == lane, *waiting, _of_app(_RUNS, app_id, uid))
        with engine.connect() as connection:
            rows = connection.execute(select(runs).where(*others)).all()
        count += sum(not row_rules.of_run(row, user, app_id) for row in rows)
        if writes:
            with for_writing(engine).begin() as connection:
                connection.execute(update(runs).where(runs.c.lane == lane).values(lane=new))
    return Counter({runs.name: count}) if count else Counter()


def is_in_tally(counted: bytes, user: ForgottenUser, app_id: str) -> bool:
    """Whether the user is among the active users of what is still to be added up."""
    return any(_is_active(user, app_id, *each[1:]) for each in orjson.loads(counted)[1])


def tallied_without(counted: bytes, user: ForgottenUser, app_id: str) -> bytes:
    """What is still to be added up to figures, with another active user."""
    counts, users, *more = orjson.loads(counted)
    renamed = [
        (hour, app, user.alias if _is_active(user, app_id, app, uid) else uid)
        for hour, app, uid in users
    ]
    return orjson.dumps([counts, renamed, *more])


def _is_active(user: ForgottenUser, app_id: str, app: str, uid: str) -> bool:
    return app in ("", app_id) and user.is_it(uid)
