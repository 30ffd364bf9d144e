"""What is known of messages that cases are about, whether or not they have one yet.

Whoever changes a case of a message takes the message's row first: at READ COMMITTED, as PostgreSQL
works, two processes that tell of the same message at once would each not see what the other writes.
Who knows a muid takes that row before the one of the id, whoever it is, so that no two wait for
each other.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, update

from comethooks.workers.journal.cases.told_cases import Suspect
from comethooks.workers.journal.tables.case_tables import moderated_messages
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import locked


class KnownMessages:
    """The messages of one app, in a transaction that takes place at `now`."""

    def __init__(self, connection: Connection, app_id: str, now: int) -> None:
        self._connection = connection
        self._app_id = searchable(app_id) or ""
        self._now = now

    def lock(self, suspect: Suspect) -> Any | None:
        """Take the rows of a message, made if they are not there: nobody else has them until the
        transaction ends. The row of its id; None for a message without one.
        """
        if suspect.muid is not None:
            self._lock(f"muid {suspect.muid}")
        return None if suspect.message_id is None else self.lock_id(suspect.message_id)

    def lock_id(self, message_id: str) -> Any:
        """The row of a message with that id, likewise."""
        return self._lock(f"id {message_id}")

    def change(self, message_id: str, **values: Any) -> None:
        """Change the row of a message that is locked."""
        changed = {**values, "changed_at": self._now}
        same = self._same(f"id {message_id}")
        self._connection.execute(update(moderated_messages).where(same).values(changed))

    def _lock(self, name: str) -> Any:
        key = {"app_id": self._app_id, "message": searchable(name)}
        new = {"deleted": False, "removed": False, "changed_at": self._now}
        return locked(self._connection, moderated_messages, key, new)

    def _same(self, name: str) -> ColumnElement[bool]:
        table = moderated_messages
        return and_(table.c.app_id == self._app_id, table.c.message == searchable(name))
