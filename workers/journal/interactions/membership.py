"""Who belongs to which group, as far as group events and CometChat have told.

The events of a group and the presses on its messages are worked off side by side, in any order. So
it is kept when somebody joined and when somebody left, by when that was told, and a press counts as
a member's unless it came after its user had left, or its user was never there.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, delete, select

from comethooks.workers.journal.tables.interaction_tables import group_members
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import INSERT, chunks
from comethooks.workers.presses.goals import MessageFacts, Trust

BEGINNING = ""
"""In place of a uid: that the group's beginning was seen."""
ASKED_MS = 600_000
"""For so long nobody asks CometChat again about who was not in a group."""
_AT_ONCE = 500


class Stay(NamedTuple):
    """When somebody joined a group, and when they left: the last time each, None if not known.

    Who left without having joined was asked for at CometChat, and was not there.
    """

    joined_at: int | None
    left_at: int | None

    def trust_at(self, moment: int) -> Trust:
        """Whether what came in then came from a member."""
        joined, left = self
        if left is None or (joined is not None and joined > left):
            return Trust.CONFIRMED
        if joined is None:
            return Trust.STRANGER if moment < left + ASKED_MS else Trust.UNKNOWN
        return Trust.CONFIRMED if moment < left else Trust.STRANGER


Members = Mapping[str, Stay]
"""What is known, by uid."""


def trust_in(facts: MessageFacts, members: Members, user: str, moment: int) -> Trust:
    """Whether `user` belonged to the conversation of a message at that moment."""
    trust = facts.trust_in(user)
    if trust is not Trust.UNKNOWN:
        return trust
    if known := members.get(user):
        return known.trust_at(moment)
    return Trust.STRANGER if BEGINNING in members else Trust.UNKNOWN


def members_of(
    connection: Connection, app_id: str, guid: str | None, users: Collection[str]
) -> Members:
    """What is known of `users` in a group, and whether its beginning was seen."""
    if guid is None:
        return {}
    table, found = group_members, {}
    for some in chunks([BEGINNING, *users], _AT_ONCE):
        query = select(table.c.uid, table.c.joined_at, table.c.left_at)
        for row in connection.execute(query.where(_of(app_id, guid), table.c.uid.in_(some))):
            found[row.uid] = Stay(row.joined_at, row.left_at)
    return found


def joined(
    connection: Connection, app_id: str, guid: str, users: Iterable[str], moment: int
) -> None:
    """That users were in the group at that moment."""
    _note(connection, app_id, guid, users, joined_at=moment)


def left(connection: Connection, app_id: str, guid: str, users: Iterable[str], moment: int) -> None:
    """That users left the group at that moment, in which they were before."""
    _note(connection, app_id, guid, users, joined_at=moment - 1, left_at=moment)


def absent(connection: Connection, app_id: str, guid: str, user: str, moment: int) -> None:
    """That CometChat, which was asked, says that a user is not in the group."""
    _note(connection, app_id, guid, [user], left_at=moment)


def forget(connection: Connection, app_id: str, guid: str) -> None:
    """Forget a group, which is no more."""
    connection.execute(delete(group_members).where(_of(app_id, guid)))


def _note(
    connection: Connection, app_id: str, guid: str, users: Iterable[str], **moments: int
) -> None:
    key = {"app_id": searchable(app_id), "guid": searchable(guid)}
    # Sorted, in all processes alike, so that no two transactions wait for each other's rows.
    rows = [{**key, "uid": uid, **moments} for uid in sorted(set(map(_uid, users)))]
    statement = INSERT[connection.dialect.name](group_members)
    # An event that comes late does not undo what is known since.
    later = {
        name: case((known >= statement.excluded[name], known), else_=statement.excluded[name])
        for name in moments
        for known in [group_members.c[name]]
    }
    upsert = statement.on_conflict_do_update(index_elements=["app_id", "guid", "uid"], set_=later)
    for some in chunks(rows, _AT_ONCE):
        connection.execute(upsert, some)


def _uid(user: str) -> str:
    return searchable(user) or ""


def _of(app_id: str, guid: str) -> ColumnElement[bool]:
    return and_(
        group_members.c.app_id == searchable(app_id), group_members.c.guid == searchable(guid)
    )
