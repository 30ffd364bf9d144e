"""What the journal gives back of cases. Times are milliseconds since the epoch."""

from dataclasses import dataclass
from typing import Any, Self

from comethooks.workers.journal.cases.told_cases import AtCometChat, CaseOrigin, CaseState
from comethooks.workers.journal.times import iso

COMETCHAT_ITSELF = "CometChat"
"""Who closed a case that was approved in CometChat's Dashboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are meant; None means any. They were opened at `since` or later, and before
    `until`.
    """

    state: CaseState | None = None
    rule: str | None = None
    severity: str | None = None
    app_id: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    """A case. `excerpt` is the beginning of what was written; None when it is not kept any more.

    `at_cometchat` is what CometChat said of the message last, and `failure` why it could not judge
    it.
    """

    id: str
    app_id: str
    message_id: str | None
    muid: str | None
    conversation_id: str | None
    sender: str | None
    event_id: str
    rule: str
    severity: str
    origin: CaseOrigin
    state: CaseState
    excerpt: str | None
    as_of: int
    at_cometchat: AtCometChat | None
    failure: str | None
    opened_at: int
    changed_at: int
    closed_at: int | None
    closed_by: str | None
    note: str | None

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """The case in a row of `cases`."""
        known = dict(row._mapping)
        known["origin"] = CaseOrigin(row.origin)
        known["state"] = CaseState(row.state)
        known["at_cometchat"] = None if row.at_cometchat is None else AtCometChat(row.at_cometchat)
        return cls(**known)

    def as_json(self) -> dict[str, Any]:
        """It as a JSON document."""
        return {
            "id": self.id,
            "state": self.state.value,
            "rule": self.rule,
            "severity": self.severity,
            "origin": self.origin.value,
            "app_id": self.app_id,
            "message_id": self.message_id,
            "muid": self.muid,
            "conversation_id": self.conversation_id,
            "sender": self.sender,
            "event_id": self.event_id,
            "excerpt": self.excerpt,
            "at_cometchat": None if self.at_cometchat is None else self.at_cometchat.value,
            "failure": self.failure,
            "opened_at": iso(self.opened_at),
            "changed_at": iso(self.changed_at),
            "closed_at": None if self.closed_at is None else iso(self.closed_at),
            "closed_by": self.closed_by,
            "note": self.note,
        }
