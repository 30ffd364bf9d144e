"""The table of keys of side effects that happen at most once."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from comethooks.workers.journal.tables.models import events, once_keys
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.times import iso
from comethooks.workers.states import OnceState

_Found = Row[Any, Any, Any]

_WITH_THEIR_EVENTS = ("notify",)
"""Plugins of ours whose keys are of one event each, and mean nothing once that is deleted. Authors
may have meant any other key for good."""
_RUN_DIGITS = 16
"""Of a token, that are the same in all attempts of a run."""


def token_of(event_id: str, handler: str, replay: str | None, attempt: str) -> str:
    """The token of an attempt of a run; `attempt` is random, of up to 20 characters."""
    run = repr((event_id, handler, replay)).encode("utf-8", "backslashreplace")
    return hashlib.sha256(run).hexdigest()[:_RUN_DIGITS] + attempt


@dataclass(frozen=True, slots=True)
class OnceClaim:
    """Who wants to do it: a run, by the token of its attempt, until `until`. Times are
    milliseconds.
    """

    plugin: str
    app_id: str | None
    key: str
    token: str
    event_id: str
    handler: str
    now: int
    until: int
    repeatable: bool = False
    """Whether it may be done once more when nobody knows whether it was."""

    @property
    def run(self) -> str:
        """What the tokens of all attempts of this run begin with."""
        return self.token[:_RUN_DIGITS]


class KnownOnce(NamedTuple):
    """What is known of a key, and until when, in ms since the epoch, it may be in progress."""

    state: OnceState
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


def enter(connection: Connection, claim: OnceClaim) -> KnownOnce | None:
    """Take the key if nobody has it, or if what became of it is unknown and may be repeated: then
    None, else what is known of it.

    What another attempt of the same run has in progress is unknown from now on: its process is
    gone, or its time was over, or it would not have been given to another.
    """
    found = _found(connection, claim)
    if found is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(once_keys).values(_row(claim)))
        except IntegrityError:
            # Somebody was quicker, and may have freed it just now: then come back.
            known = _known(_found(connection, claim), claim.now)
            return known or KnownOnce(OnceState.PROGRESS, claim.now)
        return None
    given_up = found.state == OnceState.PROGRESS and found.token.startswith(claim.run)
    known = KnownOnce(OnceState.UNKNOWN, found.until) if given_up else _known(found, claim.now)
    if claim.repeatable and known is not None and known.state is OnceState.UNKNOWN:
        taken_over = _change(connection, claim, found, _row(claim))
        return None if taken_over else KnownOnce(OnceState.PROGRESS, claim.now)
    if given_up:
        _change(connection, claim, found, {"state": OnceState.UNKNOWN.value, "at": claim.now})
    return known


def known(connection: Connection, claim: OnceClaim) -> OnceState | None:
    """What is known of the key; None when nobody has it. A lease that is over leaves it unknown."""
    found = _known(_found(connection, claim), claim.now)
    return found and found.state


def leave(connection: Connection, claim: OnceClaim, state: OnceState | None, now: int) -> None:
    """Say what became of a key that `claim` took; with None it is free again."""
    ours = and_(_same(claim), once_keys.c.token == claim.token)
    if state is None:
        connection.execute(delete(once_keys).where(ours))
    else:
        connection.execute(update(once_keys).where(ours).values(state=state.value, at=now))


def forget_of_deleted(connection: Connection, event_ids: Iterable[str]) -> None:
    """Delete the keys that go with their events, of those of the events that are deleted."""
    is_there = exists().where(events.c.id == once_keys.c.event_id)
    connection.execute(
        delete(once_keys).where(
            once_keys.c.event_id.in_(event_ids),
            once_keys.c.plugin.in_(map(searchable, _WITH_THEIR_EVENTS)),
            ~is_there,
        )
    )


def of_event(connection: Connection, event_id: str, now: int) -> list[StoredOnce]:
    """The keys that runs on an event took."""
    query = select(once_keys).where(once_keys.c.event_id == event_id)
    order = (once_keys.c.plugin, once_keys.c.key)
    return [
        StoredOnce(
            plugin=row.plugin,
            app_id=row.app_id or None,
            key=row.key,
            state=_state(row, now),
            event_id=row.event_id,
            handler=row.handler,
            at=row.at,
        )
        for row in connection.execute(query.order_by(*order))
    ]


def _change(
    connection: Connection, claim: OnceClaim, found: _Found, values: dict[str, Any]
) -> bool:
    """Give the key other values, unless somebody else has changed it since it was `found`."""
    as_found = _same(claim), once_keys.c.state == found.state, once_keys.c.token == found.token
    changed = connection.execute(update(once_keys).where(*as_found).values(values))
    return changed.rowcount == 1


def _row(claim: OnceClaim) -> dict[str, Any]:
    return {
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


def _found(connection: Connection, claim: OnceClaim) -> _Found | None:
    query = select(once_keys.c.state, once_keys.c.token, once_keys.c.until)
    return connection.execute(query.where(_same(claim))).one_or_none()


def _known(row: _Found | None, now: int) -> KnownOnce | None:
    return None if row is None else KnownOnce(_state(row, now), row.until)


def _state(row: _Found, now: int) -> OnceState:
    is_over = row.state == OnceState.PROGRESS and row.until <= now
    return OnceState.UNKNOWN if is_over else OnceState(row.state)


def _same(claim: OnceClaim) -> ColumnElement[bool]:
    return and_(
        once_keys.c.plugin == searchable(claim.plugin),
        once_keys.c.app_id == _app_id(claim),
        once_keys.c.key == claim.key,
    )


def _app_id(claim: OnceClaim) -> str:
    """As the primary key holds it, which knows no null."""
    return searchable(claim.app_id) or ""
