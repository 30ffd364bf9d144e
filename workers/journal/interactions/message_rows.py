"""The rows of messages, which everybody takes who tells something of one.

At READ COMMITTED, as PostgreSQL works, two processes that write the last two presses of a user at
the same time would each not see the other's, and nobody would complete. So the row is taken first,
and made by a press that comes before its message. Who knows a muid takes the row of the muid before
that of the message, whoever it is, so that no two wait for each other.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from comethooks.workers.journal.tables.interaction_tables import (
    interactive_messages,
    interactive_muids,
)
from comethooks.workers.journal.tables.statements import INSERT, locked


class MessageRows:
    """The messages of one app, in a transaction that takes place at `now`."""

    def __init__(self, connection: Connection, app_id: str, now: int) -> None:
        self._connection = connection
        self._app_id = app_id
        self._now = now

    def lock(self, message_id: str) -> Any:
        """The message's row, made if it is not there: nobody else has it until the transaction
        ends.
        """
        key = {"app_id": self._app_id, "message_id": message_id}
        new = {"deleted": False, "changed_at": self._now}
        return locked(self._connection, interactive_messages, key, new)

    def lock_muid(self, muid: str, message_id: str | None = None) -> str | None:
        """The message with that muid, also locked; `message_id` when it was not known before."""
        table = interactive_muids
        same = and_(table.c.app_id == self._app_id, table.c.muid == muid)
        row = {
            "app_id": self._app_id,
            "muid": muid,
            "message_id": message_id,
            "changed_at": self._now,
        }
        statement = INSERT[self._connection.dialect.name](table)
        self._connection.execute(statement.on_conflict_do_nothing(), row)
        query = select(table.c.message_id).where(same).with_for_update()
        known: str | None = self._connection.execute(query).scalar_one()
        if known is None and message_id is not None:
            self._connection.execute(update(table).where(same).values(message_id=message_id))
        return known or message_id

    def change(self, message_id: str, **values: Any) -> None:
        """Change the row of a message that is locked."""
        table = interactive_messages
        changed = {**values, "changed_at": self._now}
        self._connection.execute(update(table).where(self._same(message_id)).values(changed))

    def read(self, message_id: str) -> Any | None:
        """The message's row as it is, if there is one."""
        query = select(interactive_messages).where(self._same(message_id))
        return self._connection.execute(query).one_or_none()

    def of_muid(self, muid: str) -> str | None:
        """The message with that muid, if it was seen."""
        table = interactive_muids
        same = and_(table.c.app_id == self._app_id, table.c.muid == muid)
        found: str | None = self._connection.scalar(select(table.c.message_id).where(same))
        return found

    def _same(self, message_id: str) -> ColumnElement[bool]:
        table = interactive_messages
        return and_(table.c.app_id == self._app_id, table.c.message_id == message_id)
