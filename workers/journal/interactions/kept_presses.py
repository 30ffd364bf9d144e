"""The presses on messages as they are kept, each with what is known of its user."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, select

from comethooks.workers.journal.interactions.interaction_rows import press_in
from comethooks.workers.journal.interactions.membership import members_of, trust_in
from comethooks.workers.journal.interactions.told import ToldPress
from comethooks.workers.journal.tables.interaction_tables import presses
from comethooks.workers.presses.goals import MessageFacts

MOST_JUDGED = 1_000
"""So many presses of one user on one message are looked at, the first that came; and so many of
nobody."""


class Asking(NamedTuple):
    """What a message asks for, None until it is seen, and the group that it was sent to, if any."""

    facts: MessageFacts | None
    guid: str | None


def presses_on(
    connection: Connection,
    app_id: str,
    messages: Mapping[str, Asking],
    users: Collection[str] | None,
) -> Mapping[str, list[ToldPress]]:
    """The presses on each of the messages with these ids; only those of `users`, if given."""
    number = func.row_number().over(
        partition_by=(presses.c.message_id, presses.c.uid),
        order_by=(presses.c.received_at, presses.c.id),
    )
    of_messages = and_(presses.c.app_id == app_id, presses.c.message_id.in_(messages))
    query = select(presses, number.label("number")).where(of_messages)
    if users is not None and len(users) < MOST_JUDGED:
        query = query.where(presses.c.uid.in_(users))
    numbered = query.subquery()
    rows = [
        row
        for row in connection.execute(select(numbered).where(numbered.c.number <= MOST_JUDGED))
        if users is None or row.uid in users
    ]
    of_groups: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        guid = messages[row.message_id].guid
        if guid is not None and row.uid is not None:
            of_groups[guid].add(row.uid)
    members = {
        guid: members_of(connection, app_id, guid, sorted(uids)) for guid, uids in of_groups.items()
    }
    found: defaultdict[str, list[ToldPress]] = defaultdict(list)
    for row in rows:
        facts, guid = messages[row.message_id]
        told = told_press(row)
        if facts is not None and row.uid is not None:
            known = members.get(guid or "", {})
            trust = trust_in(facts, known, row.uid, row.received_at)
            told = replace(told, press=replace(told.press, trust=trust))
        found[row.message_id].append(told)
    return found


def told_press(row: Any) -> ToldPress:
    """The press in a row, without what is known of its user."""
    return ToldPress(
        app_id=row.app_id,
        press=press_in(row),
        received_at=row.received_at,
        message_id=row.message_id,
        muid=row.muid,
        user_from=row.uid_from,
    )
