"""The face of what the journal keeps of cases."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, literal, select, text, tuple_, update

from comethooks.workers.journal.cases import case_retention
from comethooks.workers.journal.cases.known_messages import KnownMessages
from comethooks.workers.journal.cases.opening import Opening
from comethooks.workers.journal.cases.stored_cases import CaseFilter, StoredCase
from comethooks.workers.journal.cases.told_cases import AtCometChat, CaseState, Reason, Suspect
from comethooks.workers.journal.listings.filters import between
from comethooks.workers.journal.listings.identifiers import resolved
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.tables.case_tables import OPEN, cases
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.transactions import reading, writing
from comethooks.workers.texts import cut, scrub

_PAGE = 500
_LONGEST_NOTE = 1000
_ALL_CASES = CaseFilter()


class CaseJournal:
    """The cases in the journal behind `engine`. Methods raise what those of `Journal` raise.

    Whatever is told may be told again, in any order, and by several processes at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, suspect: Suspect, reason: Reason, *, now: int) -> StoredCase:
        """The case of a message and a rule of ours. It is opened if there is none, and opened again
        if the message was edited since.
        """
        with writing(self._engine) as connection:
            return Opening(connection, suspect.app_id, now).open(suspect, reason)

    def stand(
        self,
        suspect: Suspect,
        standing: AtCometChat,
        reason: Reason,
        *,
        now: int,
        failure: str | None = None,
    ) -> Sequence[StoredCase]:
        """Note what CometChat says of a message that has an id, and why it could not judge it; the
        message's cases.

        One that it blocked has at least one, and one that it could not judge as long as few of
        those are open: `reason` is for that. Those of one that somebody approved there are closed.
        """
        with writing(self._engine) as connection:
            opening = Opening(connection, suspect.app_id, now)
            return opening.stand(suspect, standing, reason, failure)

    def removing(self, app_id: str, message_id: str, *, now: int) -> None:
        """Note that we are about to delete a message: its cases keep their excerpts."""
        with writing(self._engine) as connection:
            messages = KnownMessages(connection, app_id, now)
            messages.lock_id(message_id)
            messages.change(message_id, removed=True)

    def deleted(self, app_id: str, message_id: str, *, now: int) -> int:
        """Note that a message is deleted. Its cases keep no excerpt, unless it was us who deleted
        it; of how many cases one is dropped.
        """
        with writing(self._engine) as connection:
            messages = KnownMessages(connection, app_id, now)
            known = messages.lock_id(message_id)
            if known.removed or known.deleted:
                return 0
            messages.change(message_id, deleted=True)
            of_message = cases.c.message_id == searchable(message_id)
            return _drop_excerpts(connection, now, cases.c.app_id == searchable(app_id), of_message)

    def forget_user(self, uid: str, app_id: str | None = None, *, now: int) -> int:
        """Drop the excerpts of what a user wrote, however the uid is written: CometChat has one in
        small letters. Of how many cases that were.
        """
        of_app = [] if app_id is None else [cases.c.app_id == searchable(app_id)]
        with writing(self._engine) as connection:
            of_user = func.lower(cases.c.sender) == (searchable(uid) or "").lower()
            return _drop_excerpts(connection, now, of_user, *of_app)

    def close(
        self, identifier: str, state: CaseState, *, by: str, note: str | None, now: int
    ) -> bool:
        """Close the case with that id, unless it is closed; whether it was this that closed it."""
        open_one = and_(cases.c.id == identifier, cases.c.state == CaseState.OPEN.value)
        values = {
            "state": state.value,
            "closed_at": now,
            "changed_at": now,
            "closed_by": searchable(by),
            "note": None if note is None else scrub(cut(note, _LONGEST_NOTE)),
        }
        with writing(self._engine) as connection:
            return connection.execute(update(cases).where(open_one).values(values)).rowcount == 1

    def case(self, identifier: str) -> StoredCase | None:
        """The case whose id is or begins so. Raises `AmbiguousIdError` when several begin so."""
        with reading(self._engine) as connection:
            found = resolved(connection, identifier, cases)
            query = select(cases).where(cases.c.id == found)
            row = None if found is None else connection.execute(query).one_or_none()
        return None if row is None else StoredCase.from_row(row)

    def cases(self, asked: CaseFilter = _ALL_CASES) -> Iterator[StoredCase]:
        """The cases that `asked` describes, the last one opened first."""
        query = select(cases).where(*_conditions(asked))
        order = (cases.c.opened_at, cases.c.id)
        query = query.order_by(*(column.desc() for column in order))
        after: Any = None
        left = asked.limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            page = query if after is None else query.where(tuple_(*order) < after)
            with reading(self._engine) as connection:
                found = [StoredCase.from_row(row) for row in connection.execute(page.limit(size))]
            yield from found
            if len(found) < size:
                return
            after = tuple_(literal(found[-1].opened_at, Instant), found[-1].id)
            left = None if left is None else left - len(found)

    def open_by_severity(self) -> Mapping[str, int]:
        """How many cases of each severity are open; those without any are left out."""
        query = select(cases.c.severity, func.count()).where(text(OPEN)).group_by(cases.c.severity)
        with reading(self._engine) as connection:
            return {row.severity: row[1] for row in connection.execute(query)}

    def delete_older(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Delete cases that nothing was told of since `before`, and what is known of messages: up
        to `limit` of each. For going on with until there is no `more`, as with those of `Journal`.
        """
        with writing(self._engine) as connection:
            count, more = case_retention.delete_older(connection, before, limit)
        return Swept(count, after, more=more)

    def drop_excerpts(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Drop the excerpts of cases that were opened before `before`: up to `limit`."""
        with writing(self._engine) as connection:
            count = case_retention.drop_excerpts(connection, before, limit)
        return Swept(count, after, more=count >= limit)


def _conditions(asked: CaseFilter) -> Iterator[Any]:
    for column, wanted in (
        (cases.c.state, None if asked.state is None else asked.state.value),
        (cases.c.rule, searchable(asked.rule)),
        (cases.c.severity, asked.severity),
        (cases.c.app_id, searchable(asked.app_id)),
    ):
        if wanted is not None:
            yield column == wanted
    yield from between(cases.c.opened_at, asked.since, asked.until)


def _drop_excerpts(connection: Connection, now: int, *conditions: Any) -> int:
    kept = cases.c.excerpt.is_not(None)
    statement = update(cases).where(kept, *conditions).values(excerpt=None, changed_at=now)
    return connection.execute(statement).rowcount
