"""The table of keys of side effects that happen at most once."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from workers.journal.models import once_keys
from workers.journal.rows import searchable
from workers.journal.times import iso
from workers.states import OnceState


@dataclass(frozen=True, slots=True)
class OnceClaim:
    """Who wants to do it: a run, by the token of its attempt, until `until`. Times are ms since the epoch."""

    plugin: str
    app_id: str | None
    key: str
    token: str
    event_id: str
    handler: str
    now: int
    until: int


@dataclass(frozen=True, slots=True)
class StoredOnce:
    """A key, what is known of it, since when, and which event it was for."""

    plugin: str
    app_id: str | None
    key: str
    state: OnceState
    event_id: str
    handler: str
    at: int

    def as_json(self) -> dict[str, Any]:
        """It beside the runs of its event."""
        return {
            "key": self.key,
            "plugin": self.plugin,
            "app_id": self.app_id,
            "handler": self.handler,
            "state": self.state.value,
            "at": iso(self.at),
        }


def enter(connection: Connection, claim: OnceClaim) -> OnceState | None:
    """Take the key if nobody has it: then None, else what is known of it."""
    row = {
        "plugin": searchable(claim.plugin),
        "app_id": _app_id(claim),
        "key": claim.key,
        "state": OnceState.PROGRESS.value,
        "token": claim.token,
        "event_id": claim.event_id,
        "handler": searchable(claim.handler),
        "at": claim.now,
        "until": claim.until,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(once_keys).values(row))
    except IntegrityError:
        return known(connection, claim) or OnceState.PROGRESS  # it was freed just now: come back
    return None


def known(connection: Connection, claim: OnceClaim) -> OnceState | None:
    """What is known of the key; None when nobody has it. A lease that is over leaves it unknown."""
    query = select(once_keys.c.state, once_keys.c.until).where(_same(claim))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    state = OnceState(row.state)
    is_over = state is OnceState.PROGRESS and row.until <= claim.now
    return OnceState.UNKNOWN if is_over else state


def leave(connection: Connection, claim: OnceClaim, state: OnceState | None, now: int) -> None:
    """Say what became of a key that `claim` took; with None it is free again."""
    ours = and_(_same(claim), once_keys.c.token == claim.token)
    if state is None:
        connection.execute(delete(once_keys).where(ours))
    else:
        connection.execute(update(once_keys).where(ours).values(state=state.value, at=now))


def of_event(connection: Connection, event_id: str, now: int) -> list[StoredOnce]:
    """The keys that runs on an event took."""
    query = select(once_keys).where(once_keys.c.event_id == event_id)
    found = []
    for row in connection.execute(query.order_by(once_keys.c.plugin, once_keys.c.key)):
        is_over = row.state == OnceState.PROGRESS and row.until <= now
        state = OnceState.UNKNOWN if is_over else OnceState(row.state)
        found.append(
            StoredOnce(row.plugin, row.app_id or None, row.key, state, row.event_id, row.handler, row.at)
        )
    return found


def _same(claim: OnceClaim) -> ColumnElement[bool]:
    return and_(
        once_keys.c.plugin == searchable(claim.plugin),
        once_keys.c.app_id == _app_id(claim),
        once_keys.c.key == claim.key,
    )


def _app_id(claim: OnceClaim) -> str:
    """As the primary key holds it, which knows no null."""
    return searchable(claim.app_id) or ""
