"""Reading what the journal keeps of interactive messages."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    distinct,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)

from comethooks.workers.journal.interactions.interaction_rows import facts_in
from comethooks.workers.journal.interactions.kept_presses import Asking, presses_on, told_press
from comethooks.workers.journal.interactions.stored_messages import (
    MessageFilter,
    MessageKey,
    PressedMessage,
    StoredCompletion,
    StoredMessage,
)
from comethooks.workers.journal.interactions.told import ToldPress
from comethooks.workers.journal.listings.filters import between
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.interaction_tables import (
    completions,
    interactive_messages,
    interactive_muids,
    presses,
)
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import chunks
from comethooks.workers.journal.tables.transactions import reading

_PAGE = 500
_ALL_MESSAGES = MessageFilter()


class InteractionReader:
    """What can be read of interactive messages in the journal behind `engine`. Methods raise what
    those of `Reader` raise.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def messages(self, asked: MessageFilter = _ALL_MESSAGES) -> Iterator[StoredMessage]:
        """The messages that were seen and that `asked` describes, the last one sent first."""
        return islice(self._messages(asked), asked.limit)

    def message(self, identifier: str, app_id: str | None = None) -> list[StoredMessage]:
        """The messages that have this id, which several apps may have; without one, this muid.

        One that nobody has seen is among them, if somebody pressed something on it.
        """
        wanted, app = searchable(identifier), searchable(app_id)
        table, muids = interactive_messages, interactive_muids
        of_app = true() if app is None else table.c.app_id == app
        by_id = select(table).where(table.c.message_id == wanted, of_app)
        same = and_(muids.c.app_id == table.c.app_id, muids.c.message_id == table.c.message_id)
        by_muid = select(table).join(muids, same).where(muids.c.muid == wanted, of_app)
        with reading(self._engine) as connection:
            for query in (by_id, by_muid):
                rows = connection.execute(query.order_by(table.c.app_id)).all()
                if rows:
                    return _counted(connection, rows)
        return []

    def presses(
        self, messages: Collection[StoredMessage], users: Collection[str] | None = None
    ) -> Mapping[MessageKey, Sequence[ToldPress]]:
        """The presses on messages, each with what is known of its user: of one user on one message
        the first 1,000; only those of `users`, if given. Messages without any are left out.
        """
        wanted = None if users is None else [user for each in users if (user := searchable(each))]
        of_app: defaultdict[str, list[StoredMessage]] = defaultdict(list)
        for message in messages:
            of_app[message.app_id].append(message)
        found: dict[MessageKey, Sequence[ToldPress]] = {}
        for app_id, its_own in of_app.items():
            for some in chunks(its_own, _PAGE):
                asking = {each.message_id: Asking(each.facts, each.guid) for each in some}
                with reading(self._engine) as connection:
                    pressed = presses_on(connection, app_id, asking, wanted)
                found |= {(app_id, message_id): told for message_id, told in pressed.items()}
        return found

    def completions(
        self, messages: Collection[StoredMessage]
    ) -> Mapping[MessageKey, Sequence[StoredCompletion]]:
        """Who completed messages, the first one first. Messages without any are left out."""
        found: defaultdict[MessageKey, list[StoredCompletion]] = defaultdict(list)
        order = (completions.c.at, completions.c.uid)
        for some in chunks(list(messages), _PAGE):
            query = select(completions).where(_of(completions, some)).order_by(*order)
            with reading(self._engine) as connection:
                for row in connection.execute(query):
                    completion = StoredCompletion(row.uid, row.at, row.verified, row.event_id)
                    found[row.app_id, row.message_id].append(completion)
        return found

    def press_of(self, event_id: str) -> ToldPress | None:
        """The press that an event told of, as it is kept; None if it is not."""
        with reading(self._engine) as connection:
            row = connection.execute(select(presses).where(presses.c.id == event_id)).one_or_none()
        return None if row is None else told_press(row)

    def pressed_message(
        self, app_id: str, *, message_id: str | None, muid: str | None
    ) -> PressedMessage | None:
        """The message that a press names by its id or its muid; None while it was not seen."""
        table, muids = interactive_messages, interactive_muids
        query = select(table.c.message_id, table.c.facts)
        query = query.where(table.c.app_id == searchable(app_id))
        if message_id is not None:
            query = query.where(table.c.message_id == searchable(message_id))
        else:
            same = and_(muids.c.app_id == table.c.app_id, muids.c.message_id == table.c.message_id)
            query = query.join(muids, same).where(muids.c.muid == searchable(muid))
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        facts = None if row is None else facts_in(row.facts, deleted=False)
        if row is None or facts is None:
            return None
        return PressedMessage(row.message_id, facts.only_user)

    def waiting(self, app_id: str | None = None) -> int:
        """How many presses wait for their messages to be seen."""
        query = select(func.count()).select_from(presses).where(presses.c.waiting)
        if app_id is not None:
            query = query.where(presses.c.app_id == searchable(app_id))
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0

    def _messages(self, asked: MessageFilter) -> Iterator[StoredMessage]:
        query = _asked_for(asked)
        size = _PAGE if asked.limit is None else min(asked.limit, _PAGE)
        after: Any = None
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(_page(query, after, size)).all()
                # Tags are few: an index of them would cost every message more.
                wanted = [row for row in rows if asked.tag is None or _has(row, asked.tag)]
                found = _counted(connection, wanted)
            yield from found
            if len(rows) < size:
                return
            after, size = rows[-1], _PAGE


def _asked_for(asked: MessageFilter) -> Select[Any]:
    table = interactive_messages
    query = select(table).where(table.c.facts.is_not(None), table.c.sent_at.is_not(None))
    query = query.where(*between(table.c.sent_at, asked.since, asked.until))
    for column, wanted in (
        (table.c.app_id, asked.app_id),
        (table.c.conversation_id, asked.conversation_id),
    ):
        if wanted is not None:
            query = query.where(column == searchable(wanted))
    return query


def _page(query: Select[Any], after: Any, size: int) -> Select[Any]:
    table = interactive_messages
    order = (table.c.sent_at, table.c.app_id, table.c.message_id)
    if after is not None:
        place = tuple_(literal(after.sent_at, Instant), after.app_id, after.message_id)
        query = query.where(tuple_(*order) < place)
    return query.order_by(*(column.desc() for column in order)).limit(size)


def _has(row: Any, tag: str) -> bool:
    return row.tags is not None and tag in orjson.loads(row.tags)


def _counted(connection: Connection, rows: Sequence[Any]) -> list[StoredMessage]:
    """The messages in rows, each with how many pressed and completed it."""
    if not rows:
        return []
    of_press = (presses.c.app_id, presses.c.message_id)
    of_completion = (completions.c.app_id, completions.c.message_id)
    pressed = select(*of_press, func.count(), func.count(distinct(presses.c.uid)))
    completed = select(*of_completion, func.count())
    made = {
        (app_id, message_id): counts
        for app_id, message_id, *counts in connection.execute(
            pressed.where(_of(presses, rows)).group_by(*of_press)
        )
    }
    done = {
        (app_id, message_id): count
        for app_id, message_id, count in connection.execute(
            completed.where(_of(completions, rows)).group_by(*of_completion)
        )
    }
    found = []
    for row in rows:
        number, users = made.get((row.app_id, row.message_id), (0, 0))
        completed_by = done.get((row.app_id, row.message_id), 0)
        counts = {"presses": number, "users": users, "completed": completed_by}
        found.append(StoredMessage.from_row(row, **counts))
    return found


def _of(table: Any, messages: Collection[Any]) -> ColumnElement[bool]:
    """The condition that a row is of one of `messages`."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for each in messages:
        ids[each.app_id].append(each.message_id)
    return or_(
        *(
            and_(table.c.app_id == app_id, table.c.message_id.in_(some))
            for app_id, some in ids.items()
        )
    )
