"""Opening cases, and what CometChat says of their messages: the same comes out in whatever order it
is told, and however often.

- A message has one case for each rule of ours. What CometChat says of it stands in these.
- A message that only CometChat has something against has one case, of CometChat's rule. It becomes
  the case of the first rule of ours that is told later.
- What was dropped in flight had no id yet. If the message was sent all the same, the case that the
  same rule opens then is the one that there is: it has the same muid, sender and text.
- Of messages that CometChat failed to judge so many cases are open at most. Those of the others
  are opened when somebody has something against them, and say then that it failed.
- A case that is closed is opened again by a later edit alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update

from comethooks.schemas.triggers.identity import digest
from comethooks.workers.ids import derived_id
from comethooks.workers.journal.cases.known_messages import KnownMessages
from comethooks.workers.journal.cases.stored_cases import COMETCHAT_ITSELF, StoredCase
from comethooks.workers.journal.cases.told_cases import (
    AtCometChat,
    CaseOrigin,
    CaseState,
    Reason,
    Suspect,
)
from comethooks.workers.journal.tables.case_tables import UNJUDGED, cases
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import INSERT
from comethooks.workers.texts import cut, scrub

EXCERPT = 200
"""Characters that are kept of what was written."""
MOST_UNJUDGED = 100
"""Open cases of an app's messages that CometChat failed to judge, and nobody has anything else
against. An outage makes thousands of such messages, and nobody would look at each of them."""
_FAILURE = 1000
_ORDER = tuple(AtCometChat)
_CLOSED = {"closed_at": None, "closed_by": None, "note": None}


class Opening:
    """The cases of one app, in a transaction that takes place at `now`."""

    def __init__(self, connection: Connection, app_id: str, now: int) -> None:
        self._connection = connection
        self._app_id = searchable(app_id) or ""
        self._now = now
        self._messages = KnownMessages(connection, app_id, now)

    def open(self, suspect: Suspect, reason: Reason) -> StoredCase:
        """The case of a message and a rule of ours, opened if there is none."""
        known = self._messages.lock(suspect)
        found = self._case_of(suspect, reason.rule)
        if found is None:
            return self._insert(suspect, reason, known)
        values: dict[str, Any] = {}
        if found.message_id is None and suspect.message_id is not None:
            values |= {"message_id": searchable(suspect.message_id), **_standing_in(known)}
            values |= self._taken_over(suspect.message_id, found)
        if found.origin.is_cometchats:
            values |= {"rule": searchable(reason.rule), "severity": reason.severity}
            values |= {"origin": reason.origin.value, "event_id": suspect.event_id}
            # What could not be judged came without its text.
            values |= {"excerpt": found.excerpt or _excerpt(suspect, known)}
        if suspect.as_of > found.as_of:
            values |= {"as_of": suspect.as_of, "event_id": suspect.event_id}
            values |= {"excerpt": _excerpt(suspect, known), "severity": reason.severity}
            if found.state is not CaseState.OPEN:
                values |= {"state": CaseState.OPEN.value, **_CLOSED}
        return self._change(found, values)

    def stand(
        self, suspect: Suspect, standing: AtCometChat, reason: Reason, failure: str | None = None
    ) -> Sequence[StoredCase]:
        """Note what CometChat says of a message that has an id; its cases.

        There are some afterwards if it was blocked, or could not be judged.
        """
        assert suspect.message_id is not None
        known = self._messages.lock_id(suspect.message_id)
        values: dict[str, Any] = {}
        if known.as_of is None or _place(suspect.as_of, standing) > _place(
            known.as_of, AtCometChat(known.at_cometchat)
        ):
            values |= {"at_cometchat": standing.value, "as_of": suspect.as_of}
        if failure is not None and known.failure is None:
            values["failure"] = scrub(cut(failure, _FAILURE))
        if not values:
            return self.of_message(suspect.message_id)
        self._messages.change(suspect.message_id, **values)
        found = self.of_message(suspect.message_id)
        if not found and standing is AtCometChat.FAILED and self._unjudged() >= MOST_UNJUDGED:
            return []
        if not found and reason.origin.is_cometchats and standing is not AtCometChat.APPROVED:
            return [self._insert(suspect, reason, self._messages.lock_id(suspect.message_id))]
        excerpt = _excerpt(suspect, known)
        return [self._told(case, suspect.as_of, reason, excerpt, values) for case in found]

    def of_message(self, message_id: str) -> list[StoredCase]:
        """The cases of a message, the first one first."""
        return self._read(cases.c.message_id == searchable(message_id))

    def _told(
        self,
        case: StoredCase,
        as_of: int,
        reason: Reason,
        excerpt: str | None,
        message: Mapping[str, Any],
    ) -> StoredCase:
        """The same case, with what CometChat says now of that version of its message."""
        values: dict[str, Any]
        values = {name: message[name] for name in ("at_cometchat", "failure") if name in message}
        standing = values.get("at_cometchat")
        if standing == AtCometChat.REVIEWED.value and as_of >= case.as_of:
            values |= self._approved()
        if standing == AtCometChat.BLOCKED.value and case.origin is CaseOrigin.FAILED:
            values |= {"rule": searchable(reason.rule), "severity": reason.severity}
            # What could not be judged came without its text.
            values |= {"origin": reason.origin.value, "excerpt": case.excerpt or excerpt}
        return self._change(case, values)

    def _taken_over(self, message_id: str, ours: StoredCase) -> dict[str, Any]:
        """Delete the case that CometChat's rule had meanwhile; what of it is to stand in ours."""
        values: dict[str, Any] = {}
        for case in self.of_message(message_id):
            if case.origin.is_cometchats:
                self._connection.execute(delete(cases).where(cases.c.id == case.id))
                if ours.state is CaseState.OPEN and case.state is not CaseState.OPEN:
                    values |= {"state": case.state.value, "closed_at": case.closed_at}
                    values |= {"closed_by": case.closed_by, "note": case.note}
        return values

    def _unjudged(self) -> int:
        """How many cases are open of messages that CometChat failed to judge; no more is counted
        than matters.
        """
        which = (cases.c.app_id == self._app_id, text(UNJUDGED))
        some = select(cases.c.id).where(*which).limit(MOST_UNJUDGED).subquery()
        return self._connection.execute(select(func.count()).select_from(some)).scalar_one()

    def _case_of(self, suspect: Suspect, rule: str) -> StoredCase | None:
        """The case that a message has for a rule, or that is to become it."""
        if suspect.message_id is None:
            found = self._read(cases.c.id == self._id_of(suspect, rule))
            return next(iter(found or self._same_text(suspect, rule, in_flight=False)), None)
        of_message = self.of_message(suspect.message_id)
        for case in of_message:
            if case.rule == searchable(rule) and not case.origin.is_cometchats:
                return case
        in_flight = self._same_text(suspect, rule, in_flight=True)
        theirs = [case for case in of_message if case.origin.is_cometchats]
        return next(iter(in_flight or theirs), None)

    def _same_text(self, suspect: Suspect, rule: str, *, in_flight: bool) -> list[StoredCase]:
        """Cases of what seems to be the same message, with an id or still without."""
        if suspect.muid is None:
            return []
        no_id = cases.c.message_id.is_(None)
        found = self._read(
            cases.c.muid == searchable(suspect.muid),
            cases.c.sender == searchable(suspect.sender),
            cases.c.rule == searchable(rule),
            no_id if in_flight else ~no_id,
        )
        # Who writes a message chooses its muid, and may choose that of another one.
        return [each for each in found if each.excerpt in (None, _excerpt(suspect, None))]

    def _insert(self, suspect: Suspect, reason: Reason, known: Any | None) -> StoredCase:
        row = {
            "id": self._id_of(suspect, reason.rule),
            "app_id": self._app_id,
            "message_id": searchable(suspect.message_id),
            "muid": searchable(suspect.muid),
            "conversation_id": searchable(suspect.conversation_id),
            "sender": searchable(suspect.sender),
            "event_id": suspect.event_id,
            "rule": searchable(reason.rule),
            "severity": reason.severity,
            "origin": reason.origin.value,
            "state": CaseState.OPEN.value,
            "excerpt": _excerpt(suspect, known),
            "as_of": suspect.as_of,
            "opened_at": self._now,
            "changed_at": self._now,
            **_standing_in(known),
        }
        was_reviewed = known is not None and known.at_cometchat == AtCometChat.REVIEWED.value
        if known is not None and was_reviewed and known.as_of >= suspect.as_of:
            row |= self._approved()
        statement = INSERT[self._connection.dialect.name](cases)
        self._connection.execute(statement.on_conflict_do_nothing(), row)
        [case] = self._read(cases.c.id == row["id"])
        return case

    def _id_of(self, suspect: Suspect, rule: str) -> str:
        """The id that the case has when this is the first that is told of it."""
        of = suspect.message_id or f"event {suspect.event_id}"
        return derived_id(digest(("case", self._app_id, of, rule)))

    def _change(self, case: StoredCase, values: dict[str, Any]) -> StoredCase:
        different = {name: value for name, value in values.items() if getattr(case, name) != value}
        if not different:
            return case
        changed = {**different, "changed_at": self._now}
        self._connection.execute(update(cases).where(cases.c.id == case.id).values(changed))
        [case] = self._read(cases.c.id == case.id)
        return case

    def _approved(self) -> dict[str, Any]:
        return {
            "state": CaseState.APPROVED.value,
            "closed_at": self._now,
            "closed_by": COMETCHAT_ITSELF,
        }

    def _read(self, *conditions: Any) -> list[StoredCase]:
        of_app = cases.c.app_id == self._app_id
        query = select(cases).where(of_app, *conditions).order_by(cases.c.opened_at, cases.c.id)
        return [StoredCase.from_row(row) for row in self._connection.execute(query)]


def _place(as_of: int, standing: AtCometChat) -> tuple[int, int]:
    return as_of, _ORDER.index(standing)


def _standing_in(known: Any | None) -> dict[str, Any]:
    """What is known of a message, for its case."""
    return {} if known is None else {"at_cometchat": known.at_cometchat, "failure": known.failure}


def _excerpt(suspect: Suspect, known: Any | None) -> str | None:
    """What is kept of a text: nothing of a message that is deleted."""
    if not suspect.text or (known is not None and known.deleted):
        return None
    return scrub(cut(suspect.text, EXCERPT))
