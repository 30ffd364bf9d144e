"""What the journal is told of interactive messages, and what it answers. Times are milliseconds
since the epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comethooks.workers.presses.goals import (
    Interaction,
    Judgement,
    MessageFacts,
    Press,
    Trust,
)

WAITS_MS = 7 * 24 * 3600 * 1000
"""For so long a press waits for its message, or for its user to be confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPress:
    """A press, of a message that is known by its id or by its muid. `user_from` says how the user
    is known. It came in at `received_at`.
    """

    app_id: str
    press: Press
    received_at: int
    message_id: str | None = None
    muid: str | None = None
    user_from: str | None = None

    @property
    def waits_until(self) -> int:
        """Until when it waits, if it has to."""
        return self.received_at + WAITS_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """An interactive message as a body shows it. Of two, the one with the later `as_of` holds.

    `wire` is the message in JSON, and `presses` are those that its body tells of. `kind` is that of
    an interactive message; a card has none. A card is `pressable` if it has what calls a server.
    """

    app_id: str
    message_id: str
    as_of: int
    facts: MessageFacts
    muid: str | None = None
    conversation_id: str | None = None
    category: str | None = None
    kind: str | None = None
    tags: Sequence[str] = ()
    pressable: bool = True
    sent_at: int | None = None
    wire: Mapping[str, Any] | None = None
    presses: Sequence[ToldPress] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedGoal:
    """That a user completed the goal of a message, and by what."""

    app_id: str
    message_id: str
    user: str
    verified: bool
    interactions: tuple[Interaction, ...]
    answers: Mapping[str, Any]
    facts: MessageFacts
    conversation_id: str | None = None
    wire: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of something that was told.

    `completions` are those that the event which told it is to tell of, also when it has done so
    before. Of a press, `judgement` is about all presses of its user on the message; None when it
    was not judged, since its message was not seen yet or nobody is known to have pressed. `facts`
    is what it is judged by, `user` whose it is, and `trust` whether the user is known to belong to
    the conversation. `full`: so many presses wait already that it was not kept.
    """

    completions: tuple[CompletedGoal, ...] = ()
    message_id: str | None = None
    category: str | None = None
    facts: MessageFacts | None = None
    user: str | None = None
    judgement: Judgement | None = None
    trust: Trust | None = None
    full: bool = False

    @property
    def waits(self) -> bool:
        """Whether the message was not seen yet."""
        return self.facts is None
