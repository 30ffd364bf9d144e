"""Writes the rows of presses: those of a message, and those that wait for theirs. `kept_presses`
reads them.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from comethooks.schemas.event.interactions import ONLY_POSSIBLE
from comethooks.workers.journal.interactions.interaction_rows import press_row
from comethooks.workers.journal.interactions.membership import members_of, trust_in
from comethooks.workers.journal.interactions.told import WAITS_MS, SeenMessage, ToldPress
from comethooks.workers.journal.tables.interaction_tables import presses
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import INSERT, chunks
from comethooks.workers.presses.goals import MessageFacts, Trust

MOST_WAITING = 10_000
"""So many presses of an app wait for their messages."""
_AT_ONCE = 500


class PressRows:
    """The presses of one app, in a transaction that takes place at `now`. Whoever writes one of a
    message, or forgets some, has taken the message's row.
    """

    def __init__(self, connection: Connection, app_id: str, now: int) -> None:
        self._connection = connection
        self._app_id = app_id
        self._now = now

    @property
    def is_full(self) -> bool:
        """Whether so many wait already that no more may."""
        mine = select(presses.c.id).where(presses.c.app_id == self._app_id, presses.c.waiting)
        some = mine.limit(MOST_WAITING).subquery()
        count = self._connection.scalar(select(func.count()).select_from(some)) or 0
        return count >= MOST_WAITING

    def write(self, told: ToldPress, message_id: str | None, *, waiting: bool) -> None:
        """Write a press, unless it is there."""
        statement = INSERT[self._connection.dialect.name](presses).on_conflict_do_nothing()
        row = press_row(told, message_id=message_id, waiting=waiting)
        self._connection.execute(statement, row)

    def end_waiting(self, message_id: str, muid: str | None) -> bool:
        """Let the presses that waited for a message be its own; whether there are any.

        Those that waited too long are forgotten.
        """
        waiting = self._waiting_for(message_id, muid)
        too_old = presses.c.received_at < self._now - WAITS_MS
        self._connection.execute(delete(presses).where(waiting, too_old))
        values = {"message_id": message_id, "waiting": False}
        return self._connection.execute(update(presses).where(waiting).values(values)).rowcount > 0

    def attribute(self, message_id: str, user: str) -> None:
        """Let presses of nobody be those of the only user who can have made them."""
        values = {"uid": user, "uid_from": ONLY_POSSIBLE}
        nobodys = presses.c.uid.is_(None)
        self._connection.execute(
            update(presses).where(self._of(message_id), nobodys).values(values)
        )

    def users(self, message_id: str) -> list[str]:
        """Who pressed something of a message."""
        named = presses.c.uid.is_not(None)
        query = select(presses.c.uid).where(self._of(message_id), named).distinct()
        return list(self._connection.scalars(query))

    def unknown_users(self, seen: SeenMessage) -> list[str]:
        """Who pressed something of a message, of whom it is not known whether they belong to its
        conversation; who pressed first comes first.
        """
        first = func.min(presses.c.received_at)
        query = (
            select(presses.c.uid, first)
            .where(self._of(searchable(seen.message_id) or ""), presses.c.uid.is_not(None))
            .group_by(presses.c.uid)
            .order_by(first)
        )
        moments = {row.uid: row[1] for row in self._connection.execute(query)}
        guid = searchable(seen.facts.receiver)
        members = members_of(self._connection, self._app_id, guid, moments)
        return [
            user
            for user, moment in moments.items()
            if trust_in(seen.facts, members, user, moment) is Trust.UNKNOWN
        ]

    def forget_unconfirmed(
        self, row: Any, facts: MessageFacts, users: Collection[str], before: int
    ) -> None:
        """Forget those presses of users on the message of `row` that came in before then and still
        wait for their users to be confirmed.
        """
        members = members_of(self._connection, self._app_id, row.guid, users)
        query = select(presses.c.id, presses.c.uid, presses.c.received_at).where(
            self._of(row.message_id), presses.c.received_at < before
        )
        unconfirmed = [
            press.id
            for press in self._connection.execute(query)
            if press.uid in users
            and trust_in(facts, members, press.uid, press.received_at) is not Trust.CONFIRMED
        ]
        for some in chunks(unconfirmed, _AT_ONCE):
            self._connection.execute(delete(presses).where(presses.c.id.in_(some)))

    def _waiting_for(self, message_id: str, muid: str | None) -> ColumnElement[bool]:
        its_own = presses.c.message_id == message_id
        if muid is not None:
            by_muid = and_(presses.c.message_id.is_(None), presses.c.muid == muid)
            its_own = or_(its_own, by_muid)
        return and_(presses.c.app_id == self._app_id, presses.c.waiting, its_own)

    def _of(self, message_id: str) -> ColumnElement[bool]:
        return and_(presses.c.app_id == self._app_id, presses.c.message_id == message_id)
