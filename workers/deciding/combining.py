"""What deciders say of one message, made into one ruling."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

import orjson

from comethooks.workers.plugins.deciders.decision import LARGEST_ANNOTATION, Decision
from comethooks.workers.record import Vote
from comethooks.workers.states import DecisionAction
from comethooks.workers.texts import number_of

OnFailure = Literal["allow", "drop", "defer"]
"""What becomes of a message that a decider could not judge, and that no other one dropped. `defer`:
CometChat is told that nobody decided, where it asks so that it can be; else the message is allowed.
"""
UNDECIDED = "it could not be checked"
"""The reason of a message that is dropped because a decider failed."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Fault(StrEnum):
    """How a decider failed."""

    RAISED = "raised"
    LATE = "late"
    INVALID = "invalid"
    """It returned what is no decision, or more than there is room for."""
    RESTS = "rests"
    """It had failed too often, and was not asked."""


@dataclass(frozen=True, slots=True)
class DeciderFailure:
    """How a decider failed, in a line, and what it raised, if it did."""

    decider: str
    fault: Fault
    text: str
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one decider says, or how it failed; `ms` is how long that took."""

    decider: str
    """Its id, `plugin.function`."""
    ms: float
    shadow: bool = False
    decision: Decision = field(default_factory=Decision.allow)
    failure: DeciderFailure | None = None

    @property
    def vote(self) -> Vote:
        """It as it is kept."""
        if self.failure is not None:
            return Vote(self.decider, None, self.ms, self.shadow, self.failure.text)
        decision = self.decision
        return Vote(
            self.decider,
            decision.action,
            self.ms,
            self.shadow,
            reason=decision.reason or None,
            confidence=decision.confidence,
        )

    def failed(self, fault: Fault, text: str) -> "Opinion":
        """The same of a decider that turned out to have failed."""
        return replace(self, failure=DeciderFailure(self.decider, fault, text))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a message."""

    decision: DecisionAction
    annotation: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    """What is told about it, of all deciders together."""
    reason: str = ""
    """Why it is dropped."""
    confidence: float = 0.0
    """How sure it is that it has to be dropped: 0 when it is not."""
    votes: tuple[Vote, ...] = ()
    """What each decider said that was asked, by plugin and function; empty: nobody was."""
    failed: bool = False
    """Whether a decider that counts failed and no other one dropped the message."""
    deferred: bool = False
    """Whether CometChat is to be told that nobody decided."""
    failures: tuple[DeciderFailure, ...] = ()
    """Of all deciders, those in shadow too."""
    conflicts: tuple[str, ...] = ()
    """Deciders whose annotation had a key that another one's has with another value, once for each
    such key; the other one's value holds.
    """


def combined(
    opinions: Sequence[Opinion],
    on_failure: OnFailure = "allow",
    *,
    can_defer: bool = False,
) -> Ruling:
    """The ruling that `opinions` make, which are in the order in which they come first.

    drop > annotate > allow. Of those that drop, the surest gives reason and confidence. What is in
    shadow is kept, and changes nothing. Without `can_defer`, to defer is to allow.
    """
    annotation, opinions, conflicts = _annotations(opinions)
    counting = [each for each in opinions if not each.shadow]
    failures = tuple(each.failure for each in opinions if each.failure)
    drops = [each.decision for each in counting if _says(each, DecisionAction.DROP)]
    failed = not drops and any(each.failure for each in counting)
    decision = DecisionAction.ANNOTATE if annotation else DecisionAction.ALLOW
    reason, confidence = "", 0.0
    if drops:
        surest = max(drops, key=lambda each: each.confidence)
        decision, reason, confidence = surest.action, surest.reason, surest.confidence
    elif failed and on_failure == "drop":
        decision, reason, confidence = DecisionAction.DROP, UNDECIDED, 1.0
    return Ruling(
        decision=decision,
        annotation=annotation if decision is DecisionAction.ANNOTATE else _NOTHING,
        reason=reason,
        confidence=confidence,
        votes=tuple(each.vote for each in opinions),
        failed=failed,
        deferred=failed and can_defer and on_failure == "defer",
        failures=failures,
        conflicts=conflicts,
    )


def _says(opinion: Opinion, action: DecisionAction) -> bool:
    return opinion.failure is None and opinion.decision.action is action


def _annotations(
    opinions: Sequence[Opinion],
) -> tuple[Mapping[str, Any], Sequence[Opinion], tuple[str, ...]]:
    """All annotations in one, the opinions, of which those have failed now that no longer fit, and
    the conflicts.
    """
    merged: dict[str, Any] = {}
    judged: list[Opinion] = []
    conflicts: list[str] = []
    for each in opinions:
        if each.shadow or not _says(each, DecisionAction.ANNOTATE):
            judged.append(each)
            continue
        added = each.decision.annotation
        both = merged | {key: value for key, value in added.items() if key not in merged}
        if merged and len(orjson.dumps(both)) > LARGEST_ANNOTATION:
            most = number_of(LARGEST_ANNOTATION, "byte")
            together = f"with those before it, its annotation is more than {most}"
            judged.append(each.failed(Fault.INVALID, together))
            continue
        conflicts += [each.decider for key in _different(added, merged)]
        merged = both
        judged.append(each)
    return MappingProxyType(merged), judged, tuple(conflicts)


def _different(added: Mapping[str, Any], known: Mapping[str, Any]) -> Iterable[str]:
    return (key for key in added if key in known and known[key] != added[key])
