"""What was decided on a message: how it is kept, and what is left of that for its repeats.

Beside the decision itself, an annotation is remembered as it is, and of a drop why and how surely.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from comethooks.webhooks.receiving import Kept, Verdict
from comethooks.webhooks.sources import Refusal
from comethooks.workers.deciding.combining import Ruling
from comethooks.workers.record import Kind
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams.accepted import Accepted
from comethooks.workers.texts import dumps

DEFERRED = Refusal(503, "nobody decided", "Nobody could decide on this; ask again.")


@dataclass(frozen=True, slots=True)
class Decided:
    """What a sender that waits is answered: the decision on its message, or on the one that this
    repeats, and what came of keeping it.

    `annotation` is empty unless the message is to be annotated. `reason` and `confidence`, from 0
    to 1, are those of a drop. When it is `deferred`, nobody decided, and the sender may ask again.
    """

    action: DecisionAction = DecisionAction.ALLOW
    annotation: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    confidence: float = 0.0
    deferred: bool = False
    kept: Kept = None


def with_ruling(verdict: Verdict, ruling: Ruling | None) -> tuple[Verdict, bytes]:
    """The verdict on a request as it is kept with the ruling, and what is kept for its repeats."""
    if ruling is None or not ruling.votes:
        return verdict, b""
    if ruling.deferred:
        return _deferred(verdict, ruling), b""
    decided = replace(verdict.record, decision=ruling.decision, votes=ruling.votes)
    return replace(verdict, record=decided), _details(ruling)


def decided_on(ruling: Ruling | None, kept: Kept) -> Decided:
    """What is answered: to a repeat what the first one was, else what the ruling says. Without one
    the message is delivered.
    """
    if isinstance(kept, Accepted) and kept.duplicate:
        return _first(kept)
    if ruling is None:
        return Decided(kept=kept)
    return Decided(
        ruling.decision,
        ruling.annotation,
        ruling.reason,
        ruling.confidence,
        deferred=ruling.deferred,
        kept=kept,
    )


def _first(kept: Accepted) -> Decided:
    """What the first one was answered, as far as that is still known."""
    action = kept.decision or DecisionAction.ALLOW
    details = orjson.loads(kept.details or b"{}")
    if action is DecisionAction.ANNOTATE:
        return Decided(action, details, kept=kept)
    if action is DecisionAction.DROP:
        known = {"reason": "", "confidence": 1.0, **details}
        return Decided(action, reason=known["reason"], confidence=known["confidence"], kept=kept)
    return Decided(action, kept=kept)


def _details(ruling: Ruling) -> bytes:
    if ruling.decision is DecisionAction.ANNOTATE:
        return dumps(dict(ruling.annotation))
    if ruling.decision is DecisionAction.DROP:
        return dumps({"reason": ruling.reason, "confidence": ruling.confidence})
    return b""


def _deferred(verdict: Verdict, ruling: Ruling) -> Verdict:
    failed = ", ".join(vote.decider for vote in ruling.votes if vote.error and not vote.shadow)
    refusal = replace(DEFERRED, reason=f"{DEFERRED.reason}: {failed} failed")
    record = replace(
        verdict.record,
        kind=Kind.REFUSED,
        name=None,
        key="",
        drift=(),
        status=refusal.status,
        reason=refusal.reason,
    )
    return replace(verdict, record=record, refusal=refusal, duplicate_key=b"")
