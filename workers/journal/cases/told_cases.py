"""What the journal is told of cases. Times are milliseconds since the epoch."""

from dataclasses import dataclass
from enum import StrEnum


class CaseState(StrEnum):
    """What became of a case."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class CaseOrigin(StrEnum):
    """Why there is a case."""

    DROPPED = "dropped"
    """We dropped the message in flight."""
    FLAGGED = "flagged"
    """A rule of ours found something in a message that was sent."""
    BLOCKED = "blocked"
    """CometChat blocked it."""
    FAILED = "failed"
    """CometChat could not judge it."""

    @property
    def is_cometchats(self) -> bool:
        """Whether no rule of ours has anything to do with it."""
        return self in (CaseOrigin.BLOCKED, CaseOrigin.FAILED)


class AtCometChat(StrEnum):
    """What CometChat's moderation says of a message. Of the same version of it a later one of these
    stands, in whatever order they are told.
    """

    FAILED = "failed"
    APPROVED = "approved"
    BLOCKED = "blocked"
    REVIEWED = "reviewed"
    """Somebody approved it in the Dashboard or through the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A message that somebody may be to look at, as an event tells of it.

    `as_of` is when it was written or, since then, edited. Of its `text` the beginning is kept.
    `message_id` is None in flight, and for what was pressed and not written.
    """

    app_id: str
    event_id: str
    as_of: int
    message_id: str | None = None
    muid: str | None = None
    conversation_id: str | None = None
    sender: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is a case: the rule, how bad that is, and who acted by it."""

    rule: str
    severity: str
    origin: CaseOrigin
