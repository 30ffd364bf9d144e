"""What the goal of an interactive message makes of one press, or of who completed it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from comethooks.cli.interactions.found_messages import goal_of, title_of, trusted
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.stores import Stores
from comethooks.schemas import CompletionEvent, InteractionEvent
from comethooks.schemas.event.interactions import ONLY_POSSIBLE
from comethooks.schemas.wire.interactive import GoalType
from comethooks.workers.journal import (
    InteractionJournal,
    StoredCompletion,
    StoredEvent,
    StoredMessage,
    ToldPress,
    iso,
)
from comethooks.workers.presses.goals import Goal, Judgement, NotCounted, Trusted, Why, judge
from comethooks.workers.record import event_of
from comethooks.workers.texts import without_secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGoal:
    """What is known of a press or of a completion, and of its user on the same message.

    `named` is what the event calls the message. `message` is None as long as the journal has
    nothing of it, `press` when the event is no press or was not judged yet, `judgement` when nobody
    is known to have pressed or the message was not seen.
    """

    named: str
    trusted: Trusted
    message: StoredMessage | None = None
    press: ToldPress | None = None
    user: str | None = None
    user_from: str | None = None
    judgement: Judgement | None = None
    completion: StoredCompletion | None = None

    @property
    def is_attributed(self) -> bool:
        """Whether the user is known by the message alone."""
        return self.user_from == ONLY_POSSIBLE

    @property
    def left_out(self) -> tuple[NotCounted, ...]:
        """What of this press does not count."""
        if self.press is None or self.judgement is None:
            return ()
        mine = self.press.press.id
        return tuple(each for each in self.judgement.left_out if each.press.id == mine)

    @property
    def done(self) -> tuple[str, ...]:
        """What counts of all that the user pressed and answered, in the order in which it was."""
        if self.judgement is None:
            return ()
        return tuple(each.element_id for each in self.judgement.interactions)

    @property
    def missing(self) -> str:
        """What the user has yet to do; empty when that is nothing, or not known."""
        if self.message is None or self.message.facts is None or self.completion is not None:
            return ""
        return _missing(self.message.facts.goal, self.done)

    @property
    def waits(self) -> str:
        """What the press waits for; empty when it waits for nothing."""
        if self.press is None:
            return ""
        if self.message is None or self.message.facts is None:
            what = "its message to be seen"
        elif any(each.why is Why.UNCONFIRMED for each in self.left_out):
            what = "its user to be known as one of the group"
        else:
            return ""
        return f"for {what}, until {moment(self.press.waits_until)}"

    def lines(self) -> Iterator[tuple[str, str]]:
        """What people read: a name and a text each. Those without a text say nothing."""
        yield "message", self.named if self.message is None else _called(self.message)
        yield "goal", "" if self.message is None else goal_of(self.message)
        how = f" ({self.user_from})" if self.user_from else ""
        yield "user", f"{self.user}{how}" if self.user else "nobody is named"
        if self.press is None and self.completion is None:
            yield "judged", "not yet, or the journal does not have it any more"
        yield "counts", ", ".join(self.done)
        yield "missing", self.missing
        yield "completed", "" if self.completion is None else moment(self.completion.at)
        yield "waits", self.waits
        yield "not counted", "; ".join(map(_why_not, self.left_out))

    def document(self) -> dict[str, Any]:
        """The same in JSON."""
        done, press = self.completion, self.press
        return {
            "message_id": None if self.message is None else self.message.message_id,
            "goal": None if self.message is None else goal_of(self.message) or None,
            "user": self.user,
            "user_from": self.user_from,
            "judged": press is not None or done is not None,
            "counts": list(self.done),
            "missing": self.missing or None,
            "completed_at": None if done is None else iso(done.at),
            "completed_by": None if done is None else done.event_id,
            "waits_until": iso(press.waits_until) if press is not None and self.waits else None,
            "left_out": [
                {"element_id": each.element_id, "why": each.why} for each in self.left_out
            ],
        }


def judged_goal(stores: Stores, event: StoredEvent) -> JudgedGoal | None:
    """What is known of a press or a completion; None for any other event, and for a press that
    names no message.
    """
    if event.body is None:
        return None
    told = event_of(event.record)
    user: str | None
    if isinstance(told, InteractionEvent):
        named = told.interaction.muid or told.interaction.message_id
        user, user_from = told.interaction.user, told.interaction.user_from
    elif isinstance(told, CompletionEvent):
        named, user, user_from = told.completion.message_id, told.completion.user, None
    else:
        return None
    if not named:
        return None
    kept = stores.journal.interactions
    found = kept.message(named, event.app_id)
    press = kept.press_of(event.id)
    if press is not None:
        user, user_from = press.press.user, press.user_from
    known = JudgedGoal(
        named=named, trusted=trusted(stores), press=press, user=user, user_from=user_from
    )
    return _with_message(kept, known, found[0]) if found else known


def _with_message(
    kept: InteractionJournal, known: JudgedGoal, message: StoredMessage
) -> JudgedGoal:
    judgement = completion = None
    if known.user is not None:
        made = kept.presses([message], users=[known.user]).get(message.key, ())
        if message.facts is not None:
            judgement = judge(message.facts, [each.press for each in made], known.trusted)
        completed = kept.completions([message]).get(message.key, ())
        completion = next((each for each in completed if each.user == known.user), None)
    return replace(known, message=message, judgement=judgement, completion=completion)


def _called(message: StoredMessage) -> str:
    title = title_of(message)
    return " ".join(filter(None, (message.message_id, message.kind, title and f'"{title}"')))


def _missing(goal: Goal, done: tuple[str, ...]) -> str:
    """What is left to do of a goal, in words."""
    if goal.is_met_by(done):
        return ""
    match goal.type:
        case GoalType.ANY_ACTION:
            return "any element"
        case GoalType.ANY_OF if goal.element_ids:
            return f"one of {', '.join(goal.element_ids)}"
        case GoalType.ALL_OF if goal.element_ids:
            return ", ".join(each for each in goal.element_ids if each not in done)
        case _:
            return "nothing completes it"


def _why_not(left: NotCounted) -> str:
    where = "" if left.element_id is None else f"{left.element_id}: "
    return without_secrets(f"{where}{left.why}")
