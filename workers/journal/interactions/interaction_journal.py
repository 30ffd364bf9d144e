"""The face of what the journal keeps of interactive messages."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select

from comethooks.workers.clock import now_ms
from comethooks.workers.journal.interactions import interaction_retention, membership
from comethooks.workers.journal.interactions.interaction_reading import InteractionReader
from comethooks.workers.journal.interactions.judging import Judge
from comethooks.workers.journal.interactions.told import (
    WAITS_MS,
    CompletedGoal,
    Judged,
    SeenMessage,
    ToldPress,
)
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.tables.interaction_tables import interactive_messages, presses
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.transactions import reading, writing
from comethooks.workers.presses.goals import Trust, Trusted


class InteractionJournal(InteractionReader):
    """Interactive messages in one journal. Methods raise what those of `Journal` raise.

    Whatever is told may be told again, in any order. `by` is the id of the event that tells it,
    None in a replay; it is given the completions that it is to tell of.
    """

    def press(self, told: ToldPress, *, by: str | None, trusted: Trusted, now: int) -> Judged:
        """Keep a press, and judge its user."""
        judged = self._press(told, by, trusted, now)
        # Somebody may have told of the user's membership since this transaction looked for it, and
        # not have seen this press. So each writes first, and then looks for what the other wrote.
        if judged.trust not in (None, Trust.CONFIRMED) and self._is_known(told, judged):
            judged = self._press(told, by, trusted, now)
        return judged

    def look(self, told: ToldPress) -> Judged:
        """What is known of the message of a press, and of its user, before that is kept."""
        with reading(self._engine) as connection:
            return Judge(connection, told.app_id, Trusted.MEMBERS, None, 0).look(told)

    def see(self, seen: SeenMessage, *, by: str | None, trusted: Trusted, now: int) -> Judged:
        """Keep what a body shows of a message, and judge whom that concerns."""
        with writing(self._engine) as connection:
            return Judge(connection, seen.app_id, trusted, by, now).see(seen)

    def unknown_users(self, seen: SeenMessage) -> Sequence[str]:
        """Who pressed something of a message and has not completed it, of whom it is not known
        whether they belong to its conversation; who pressed first comes first.
        """
        with reading(self._engine) as connection:
            return Judge(connection, seen.app_id, Trusted.MEMBERS, None, 0).unknown_users(seen)

    def judge(
        self,
        app_id: str,
        message_id: str,
        users: Collection[str],
        *,
        by: str | None,
        trusted: Trusted,
        now: int,
    ) -> Judged:
        """Judge users of a message by what is known now, and nobody else."""
        with writing(self._engine) as connection:
            judge = Judge(connection, app_id, trusted, by, now)
            return judge.again(searchable(message_id) or "", users)

    def deleted(self, app_id: str, message_id: str, *, now: int) -> None:
        """Note that a message is deleted: presses on it do not count from now on."""
        with writing(self._engine) as connection:
            Judge(connection, app_id, Trusted.MEMBERS, None, now).deleted(message_id)

    def joined(
        self,
        app_id: str,
        guid: str,
        users: Collection[str],
        *,
        moment: int,
        by: str | None,
        trusted: Trusted,
        now: int,
        beginning: bool = False,
    ) -> Sequence[CompletedGoal]:
        """Note that users were in a group at that moment, and judge those of whom presses wait.

        With `beginning`, that these were all. Where only who is confirmed counts, presses that have
        waited for that too long are forgotten.
        """
        if trusted is Trusted.CONFIRMED:
            # Before it is known that they belong there: a crash in between forgets the same again.
            self._forget_unconfirmed(app_id, guid, users, now - WAITS_MS)
        with writing(self._engine) as connection:
            everybody = [*users, membership.BEGINNING] if beginning else users
            membership.joined(connection, app_id, guid, everybody, moment)
        found: list[CompletedGoal] = []
        recent = presses.c.received_at > now - WAITS_MS
        for message_id in self._pressed(app_id, guid, users, recent):
            with writing(self._engine) as connection:
                judge = Judge(connection, app_id, trusted, by, now)
                found += judge.again(message_id, users).completions
        return found

    def left(self, app_id: str, guid: str, users: Collection[str], *, moment: int) -> None:
        """Note that users left a group at that moment."""
        with writing(self._engine) as connection:
            membership.left(connection, app_id, guid, users, moment)

    def absent(self, app_id: str, guid: str, user: str, *, moment: int) -> None:
        """Note that CometChat, which was asked, says that a user is not in a group."""
        with writing(self._engine) as connection:
            membership.absent(connection, app_id, guid, user, moment)

    def no_group(self, app_id: str, guid: str) -> None:
        """Forget who belonged to a group that is deleted."""
        with writing(self._engine) as connection:
            membership.forget(connection, app_id, guid)

    def delete_older(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Delete messages of which nothing was told since `before`, with their presses: up to
        `limit`. For going on with until there is no `more`, as with those of `Journal`.
        """
        with writing(self._engine) as connection:
            count = interaction_retention.delete_older(connection, before, limit, now_ms())
        return Swept(count, after, more=count >= limit)

    def drop_answers(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Drop answers, and bodies of messages, that came in before `before`: up to `limit`."""
        with writing(self._engine) as connection:
            count = interaction_retention.drop_answers(connection, before, limit)
        return Swept(count, after, more=count >= limit)

    def _press(self, told: ToldPress, by: str | None, trusted: Trusted, now: int) -> Judged:
        with writing(self._engine) as connection:
            return Judge(connection, told.app_id, trusted, by, now).press(told)

    def _is_known(self, told: ToldPress, judged: Judged) -> bool:
        """Whether something else is known now of whether its user belongs to the conversation."""
        return self.look(told).trust is not judged.trust

    def _forget_unconfirmed(
        self, app_id: str, guid: str, users: Collection[str], before: int
    ) -> None:
        for message_id in self._pressed(app_id, guid, users, presses.c.received_at < before):
            with writing(self._engine) as connection:
                judge = Judge(connection, app_id, Trusted.CONFIRMED, None, 0)
                judge.forget_unconfirmed(message_id, set(users), before)

    def _pressed(
        self, app_id: str, guid: str, users: Collection[str], when: ColumnElement[bool]
    ) -> Sequence[str]:
        """The messages in a group on which one of `users` pressed something then."""
        messages, table = interactive_messages, presses
        of_group = (messages.c.app_id == searchable(app_id), messages.c.guid == searchable(guid))
        made = (
            table.c.app_id == messages.c.app_id,
            table.c.message_id == messages.c.message_id,
            table.c.uid.in_([searchable(user) for user in users]),
            when,
        )
        query = select(messages.c.message_id).where(*of_group, *made).distinct()
        with reading(self._engine) as connection:
            return sorted(connection.scalars(query))
