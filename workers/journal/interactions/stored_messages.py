"""What the journal gives back of interactive messages. Times are milliseconds since the epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import orjson

from comethooks.workers.journal.interactions.interaction_rows import facts_in, wire_in
from comethooks.workers.presses.goals import MessageFacts

MessageKey = tuple[str, str]
"""The app and the id of a message."""


class PressedMessage(NamedTuple):
    """A message that was seen, and the only user whose presses on it may count; None if several
    may.
    """

    id: str
    only_user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which interactive messages are meant; None means any. They were sent at `since` or later, and
    before `until`.
    """

    app_id: str | None = None
    conversation_id: str | None = None
    tag: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """An interactive message or a card. `facts`, and all that a body tells of it, are None until it
    is seen; `wire`, the message itself, is None when it is not kept any more. A card is `pressable`
    if it has what calls a server.

    `presses` were made by so many `users`, and so many `completed` it.
    """

    app_id: str
    message_id: str
    muid: str | None
    conversation_id: str | None
    guid: str | None
    category: str | None
    kind: str | None
    tags: tuple[str, ...]
    facts: MessageFacts | None
    pressable: bool
    deleted: bool
    wire: Mapping[str, Any] | None
    sent_at: int | None
    presses: int = 0
    users: int = 0
    completed: int = 0

    @classmethod
    def from_row(cls, row: Any, **counts: int) -> Self:
        """The message in a row of `interactive_messages`."""
        return cls(
            app_id=row.app_id,
            message_id=row.message_id,
            muid=row.muid,
            conversation_id=row.conversation_id,
            guid=row.guid,
            category=row.category,
            kind=row.kind,
            tags=tuple(orjson.loads(row.tags)) if row.tags else (),
            facts=facts_in(row.facts, deleted=row.deleted),
            pressable=bool(row.pressable),
            deleted=row.deleted,
            wire=wire_in(row.wire),
            sent_at=row.sent_at,
            **counts,
        )

    @property
    def key(self) -> MessageKey:
        """What no other message has."""
        return self.app_id, self.message_id


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """That a user completed a message, noted at `at`. `verified`: the user is known to belong to
    the conversation. `event_id` is the event whose run tells of it; None after a replay.
    """

    user: str
    at: int
    verified: bool
    event_id: str | None
