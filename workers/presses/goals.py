"""Which presses on an interactive message count, and whether they complete its goal for a user.

No clock, no SQL: what is judged comes in, and the same is judged the same wherever it is asked. A
goal is met by a set of elements, so the order in which presses come in changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from comethooks.schemas.wire.interactive import GoalType


class Trust(StrEnum):
    """Whether the user of a press belongs to the message's conversation."""

    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    STRANGER = "stranger"
    """Known not to belong to it."""


class Trusted(StrEnum):
    """Whose presses count, as `COMETHOOKS_INTERACTIONS_TRUST` says."""

    MEMBERS = "members"
    """All but those of who is known not to belong to the conversation."""
    CONFIRMED = "confirmed"
    """Those of who is known to belong to it."""
    ALL = "all"

    def lets(self, trust: Trust) -> bool:
        """Whether a press of such a user counts."""
        if self is Trusted.MEMBERS:
            return trust is not Trust.STRANGER
        return self is Trusted.ALL or trust is Trust.CONFIRMED


class Why(StrEnum):
    """Why a press, or one of its elements, does not count."""

    NOBODY = "it names no user"
    NOTHING = "it names no element"
    UNSEEN = "the message was not seen"
    DELETED = "the message is deleted"
    OWN = "the sender's own interactions do not count"
    STRANGER = "the user does not belong to the conversation"
    UNCONFIRMED = "whether the user belongs to the conversation is not known"
    AGAIN = "the element takes one interaction only"
    NO_SUCH_ELEMENT = "the message has no such element"


@dataclass(frozen=True, slots=True)
class Goal:
    """What completes a message for a user. A `type` that is none of `GoalType` is never met."""

    type: str = GoalType.NONE
    element_ids: tuple[str, ...] = ()

    def is_met_by(self, elements: Iterable[str]) -> bool:
        """Whether somebody who interacted with `elements` completed it."""
        done, wanted = set(elements), set(self.element_ids)
        match self.type:
            case GoalType.ANY_ACTION:
                return bool(done)
            case GoalType.ANY_OF:
                return bool(done & wanted)
            case GoalType.ALL_OF:
                # Without elements it is never met: that is how Android reads it.
                return bool(wanted) and wanted <= done
            case _:
                return False

    def met_at(self, interactions: "Iterable[Interaction]") -> int | None:
        """When somebody completed it who did these, in this order (ms); None if not at all."""
        done: set[str] = set()
        for each in interactions:
            done.add(each.element_id)
            if self.is_met_by(done):
                return each.at
        return None


@dataclass(frozen=True, slots=True)
class FormElement:
    """What of an element matters to a goal, or to an answer.

    `values` are those that an answer may have, None where any will do. An element that is taken
    `once` is disabled after the first interaction. `wanted`: a form without an answer to it is not
    complete.
    """

    values: tuple[str, ...] | None = None
    once: bool = False
    wanted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What a goal is judged by of a message. `elements` is None where they cannot be told, as in
    messages of a type of somebody's own: then every element counts.
    """

    sender: str | None
    receiver_type: str | None
    receiver: str | None
    goal: Goal = Goal()
    elements: Mapping[str, FormElement] | None = None
    allow_sender: bool = False
    deleted: bool = False

    @property
    def only_user(self) -> str | None:
        """The only one whose presses may count: in a conversation of two, whom it was sent to."""
        is_of_two = self.receiver_type == "user" and not self.allow_sender
        return self.receiver if is_of_two else None

    def trust_in(self, user: str) -> Trust:
        """Whether `user` belongs to the conversation, as far as the message tells: of a group it
        tells nothing but that the sender does.
        """
        if user == self.sender:
            return Trust.CONFIRMED
        if self.receiver_type == "group":
            return Trust.UNKNOWN
        return Trust.CONFIRMED if user == self.receiver else Trust.STRANGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press, as it was told: who pressed which element at `at` (ms), with which answers.

    `answered` are elements that had an answer which is not kept any more.
    """

    id: str
    user: str | None
    element_id: str | None
    at: int
    answers: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    answered: tuple[str, ...] = ()
    trust: Trust = Trust.UNKNOWN

    @property
    def elements(self) -> tuple[str, ...]:
        """What the user interacted with: the element, and all that have an answer. Kits report the
        button alone, and send what is in the fields along.
        """
        pressed = () if self.element_id is None else (self.element_id,)
        answered = (each for each, answer in self.answers.items() if not is_empty(answer))
        return tuple(dict.fromkeys((*pressed, *answered, *self.answered)))


@dataclass(frozen=True, slots=True)
class Interaction:
    """An element that a user interacted with, and when first (ms)."""

    element_id: str
    at: int


@dataclass(frozen=True, slots=True)
class NotCounted:
    """What does not count of a press: all of it, or one element."""

    press: Press
    why: Why
    element_id: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the presses of one user on one message come to.

    `interactions` are in the order in which they happened, `answers` the last ones by element.
    `verified`: that the user belongs to the conversation is known of all presses that count.
    """

    completed: bool
    interactions: tuple[Interaction, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    verified: bool = False
    left_out: tuple[NotCounted, ...] = ()


def judge(
    facts: MessageFacts | None, presses: Sequence[Press], trusted: Trusted = Trusted.MEMBERS
) -> Judgement:
    """Judge the presses of one user on the message with these facts, which are None until it is
    seen.
    """
    first: dict[str, int] = {}
    answers: dict[str, Any] = {}
    counted: list[Press] = []
    left_out: list[NotCounted] = []
    for press in sorted(presses, key=lambda press: (press.at, press.id)):
        if why := _why_not(facts, press, trusted, first):
            left_out.append(NotCounted(press, why))
            continue
        assert facts is not None
        known = [each for each in press.elements if _has(facts, each)]
        left_out += (
            NotCounted(press, Why.NO_SUCH_ELEMENT, each)
            for each in press.elements
            if each not in known
        )
        for element in known:
            first.setdefault(element, press.at)
        if known:
            counted.append(press)
            answers |= {each: press.answers[each] for each in known if each in press.answers}
    return Judgement(
        completed=facts is not None and facts.goal.is_met_by(first),
        interactions=tuple(Interaction(*each) for each in first.items()),
        answers=answers,
        verified=bool(counted) and all(each.trust is Trust.CONFIRMED for each in counted),
        left_out=tuple(left_out),
    )


def by_user(presses: Iterable[Press]) -> Mapping[str, Sequence[Press]]:
    """Presses by who made them, without those of nobody."""
    found: dict[str, list[Press]] = {}
    for press in presses:
        if press.user is not None:
            found.setdefault(press.user, []).append(press)
    return found


def is_empty(answer: Any) -> bool:
    """Whether an answer says nothing: nothing was chosen, or nothing but spaces was written."""
    if isinstance(answer, str):
        return not answer.strip()
    return answer is None or answer in ([], {})


def _why_not(
    facts: MessageFacts | None, press: Press, trusted: Trusted, done: Mapping[str, int]
) -> Why | None:
    """Why all of a press does not count, where its user has `done` some elements before."""
    return next(_reasons(facts, press, trusted, done), None)


def _reasons(
    facts: MessageFacts | None, press: Press, trusted: Trusted, done: Mapping[str, int]
) -> Iterator[Why]:
    if press.user is None:
        yield Why.NOBODY
    if not press.elements:
        yield Why.NOTHING
    if facts is None:
        yield Why.UNSEEN
        return
    if facts.deleted:
        yield Why.DELETED
    if press.user == facts.sender and not facts.allow_sender:
        yield Why.OWN
    if not trusted.lets(press.trust):
        yield Why.STRANGER if press.trust is Trust.STRANGER else Why.UNCONFIRMED
    known = (facts.elements or {}).get(press.element_id or "")
    if known is not None and known.once and press.element_id in done:
        yield Why.AGAIN


def _has(facts: MessageFacts, element: str) -> bool:
    return facts.elements is None or element in facts.elements
