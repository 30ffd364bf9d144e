"""What is told of an interactive message is written and judged in one transaction, which takes the
message's row before anything else, see `message_rows`.

A row of `completions` remembers which event completed the goal. When that event's run is repeated,
it is told again of what it completed; no other run is.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from comethooks.schemas.event.interactions import ONLY_POSSIBLE
from comethooks.workers.journal.interactions.interaction_rows import (
    facts_in,
    facts_text,
    message_values,
    wire_in,
)
from comethooks.workers.journal.interactions.kept_presses import (
    MOST_JUDGED,
    Asking,
    presses_on,
)
from comethooks.workers.journal.interactions.membership import members_of, trust_in
from comethooks.workers.journal.interactions.message_rows import MessageRows
from comethooks.workers.journal.interactions.press_rows import PressRows
from comethooks.workers.journal.interactions.told import (
    CompletedGoal,
    Judged,
    SeenMessage,
    ToldPress,
)
from comethooks.workers.journal.tables.interaction_tables import completions
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.presses.goals import (
    Judgement,
    MessageFacts,
    Press,
    Trust,
    Trusted,
    by_user,
    judge,
)


class Judge:
    """Writes what `by`, the id of an event, tells of one message, and judges.

    `by` is None in a replay: then completions are noted, and told by who is judged next.
    """

    def __init__(
        self, connection: Connection, app_id: str, trusted: Trusted, by: str | None, now: int
    ) -> None:
        self._connection = connection
        self._app_id = searchable(app_id) or ""
        self._trusted = trusted
        self._by = by
        self._now = now
        self._messages = MessageRows(connection, self._app_id, now)
        self._presses = PressRows(connection, self._app_id, now)

    def press(self, told: ToldPress) -> Judged:
        """Write a press, and judge its user."""
        message_id = searchable(told.message_id)
        if message_id is None and told.muid is not None:
            message_id = self._messages.lock_muid(searchable(told.muid) or "")
        known = None if message_id is None else self._messages.read(message_id)
        if (known is None or known.facts is None) and self._presses.is_full:
            return Judged(message_id=message_id, full=True)
        if message_id is None:
            self._presses.write(told, None, waiting=True)
            return Judged()
        row = self._messages.lock(message_id)
        facts = _facts(row)
        told = _attributed(told, facts)
        self._presses.write(told, message_id, waiting=facts is None)
        user = searchable(told.press.user)
        judged = self._judge(row, set() if user is None else {user})
        return Judged(
            completions=self._to_tell(row, judged),
            message_id=message_id,
            category=row.category,
            facts=facts,
            user=user,
            judgement=None if user is None else judged.get(user),
            trust=self._trust_in(row, facts, user, told.received_at) if facts and user else None,
        )

    def look(self, told: ToldPress) -> Judged:
        """What is known of the message of a press, and of its user. Writes and locks nothing."""
        message_id = searchable(told.message_id)
        if message_id is None and told.muid is not None:
            message_id = self._messages.of_muid(searchable(told.muid) or "")
        row = None if message_id is None else self._messages.read(message_id)
        facts = None if row is None else _facts(row)
        user = searchable(_attributed(told, facts).press.user)
        trust = self._trust_in(row, facts, user, told.received_at) if facts and user else None
        return Judged(message_id=message_id, facts=facts, user=user, trust=trust)

    def see(self, seen: SeenMessage) -> Judged:
        """Write what a body shows of a message, and judge whom that concerns."""
        message_id, muid = searchable(seen.message_id) or "", searchable(seen.muid)
        if muid is not None:
            self._messages.lock_muid(muid, message_id)
        row = self._messages.lock(message_id)
        facts = facts_text(seen.facts)
        is_newer = row.as_of is None or seen.as_of >= row.as_of
        if is_newer:
            self._messages.change(message_id, **message_values(seen, facts, row.sent_at))
        for told in seen.presses:
            self._presses.write(told, message_id, waiting=False)
        came = self._presses.end_waiting(message_id, muid)
        if came and (user := searchable(seen.facts.only_user)):
            self._presses.attribute(message_id, user)
        concerned = {user for each in seen.presses if (user := searchable(each.press.user))}
        if came or (is_newer and facts != row.facts):
            concerned = set(self._presses.users(message_id))
        row = self._messages.lock(message_id)
        judged = self._judge(row, concerned)
        return Judged(
            completions=self._to_tell(row, judged),
            message_id=message_id,
            category=row.category,
            facts=_facts(row),
        )

    def again(self, message_id: str, users: Collection[str]) -> Judged:
        """Judge users of whom more is known now."""
        row = self._messages.lock(message_id)
        judged = self._judge(row, users)
        return Judged(completions=self._to_tell(row, judged), message_id=message_id)

    def forget_unconfirmed(self, message_id: str, users: Collection[str], before: int) -> None:
        """Forget the presses of users that came in before then and still wait for these to be
        confirmed.
        """
        row = self._messages.lock(message_id)
        if facts := _facts(row):
            self._presses.forget_unconfirmed(row, facts, users, before)

    def unknown_users(self, seen: SeenMessage) -> list[str]:
        """Who pressed something of a message and has not completed it, of whom it is not known
        whether they belong to its conversation; who pressed first comes first.
        """
        users = self._presses.unknown_users(seen)
        completed = self._completed(searchable(seen.message_id) or "", users)
        return [user for user in users if user not in completed]

    def deleted(self, message_id: str) -> None:
        """Note that a message is deleted. What was completed stays so."""
        message_id = searchable(message_id) or ""
        self._messages.lock(message_id)
        self._messages.change(message_id, deleted=True, wire=None)

    def _judge(self, row: Any, users: Collection[str]) -> Mapping[str, Judgement]:
        """Judge users on the message of `row`, and note who completed it; what each comes to."""
        facts = _facts(row)
        if facts is None or not users:
            return {}
        known = self._completed(row.message_id, users)
        judged = {}
        for user, made in by_user(self._made(row, facts, users)).items():
            judged[user] = judge(facts, made, self._trusted)
            if user in known:
                if known[user] is None and self._by is not None:
                    self._take_over(row.message_id, user)
            elif judged[user].completed:
                self._note(row.message_id, user, judged[user])
        return judged

    def _made(self, row: Any, facts: MessageFacts, users: Collection[str]) -> list[Press]:
        """The presses of users on a message, each with what is known of its user."""
        messages = {row.message_id: Asking(facts, row.guid)}
        found = presses_on(self._connection, self._app_id, messages, users)
        return [told.press for told in found.get(row.message_id, ())]

    def _trust_in(self, row: Any, facts: MessageFacts, user: str, moment: int) -> Trust:
        members = members_of(self._connection, self._app_id, row.guid, [user])
        return trust_in(facts, members, user, moment)

    def _completed(self, message_id: str, users: Collection[str]) -> Mapping[str, str | None]:
        """Which of the users have completed a message, each with the event that tells of it."""
        table = completions
        query = select(table.c.uid, table.c.event_id).where(self._of(message_id))
        if len(users) < MOST_JUDGED:
            query = query.where(table.c.uid.in_(users))
        return {row.uid: row.event_id for row in self._connection.execute(query)}

    def _note(self, message_id: str, user: str, judgement: Judgement) -> None:
        row = {
            "app_id": self._app_id,
            "message_id": message_id,
            "uid": user,
            "event_id": self._by,
            "at": self._now,
            "verified": judgement.verified,
        }
        self._connection.execute(insert(completions).values(row))

    def _take_over(self, message_id: str, user: str) -> None:
        """Tell of what a replay found out."""
        ours = and_(self._of(message_id), completions.c.uid == user)
        untold = completions.c.event_id.is_(None)
        self._connection.execute(update(completions).where(ours, untold).values(event_id=self._by))

    def _to_tell(self, row: Any, judged: Mapping[str, Judgement]) -> tuple[CompletedGoal, ...]:
        """The completions that the event at hand tells of."""
        facts = _facts(row)
        if self._by is None or facts is None:
            return ()
        query = select(completions.c.uid, completions.c.verified).where(
            self._of(row.message_id), completions.c.event_id == self._by
        )
        found = {row.uid: row.verified for row in self._connection.execute(query)}
        # Those of a run that is repeated: what they did still counted then.
        if others := found.keys() if facts.deleted else found.keys() - judged.keys():
            then = replace(facts, deleted=False)
            made = by_user(self._made(row, then, others))
            again = {user: judge(then, made.get(user, ()), self._trusted) for user in others}
            judged = {**judged, **again}
        return tuple(
            CompletedGoal(
                app_id=self._app_id,
                message_id=row.message_id,
                user=uid,
                verified=verified,
                interactions=judged[uid].interactions,
                answers=judged[uid].answers,
                facts=facts,
                conversation_id=row.conversation_id,
                wire=wire_in(row.wire),
            )
            for uid, verified in sorted(found.items())
        )

    def _of(self, message_id: str) -> ColumnElement[bool]:
        return and_(completions.c.app_id == self._app_id, completions.c.message_id == message_id)


def _attributed(told: ToldPress, facts: MessageFacts | None) -> ToldPress:
    """A press, with the only user who can have made it if nobody is named."""
    if facts is None or facts.only_user is None or told.press.user is not None:
        return told
    press = replace(told.press, user=facts.only_user)
    return replace(told, press=press, user_from=ONLY_POSSIBLE)


def _facts(row: Any) -> MessageFacts | None:
    return facts_in(row.facts, deleted=row.deleted)
