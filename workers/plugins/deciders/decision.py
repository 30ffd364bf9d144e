"""What a decider says of a message in flight: that it is delivered, dropped, or told more about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import orjson

from comethooks.workers.plugins.retry import is_seconds
from comethooks.workers.states import DecisionAction
from comethooks.workers.texts import cut, number_of, scrub

LONGEST_REASON = 200
"""Characters of a reason; the rest is cut off."""
LARGEST_ANNOTATION = 8 * 1024
"""Bytes of an annotation as JSON, also of those of all deciders together."""
_ANSWER = "action"
"""The key with which an answer tells CometChat what to do; `{"action": …}` is no annotation."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decider returns: `Decision.allow()`, `.drop(reason)` or `.annotate({…})`.

    Raises `ValueError` and `TypeError` where it is made, for a confidence that is not between 0 and
    1, a reason that is no text, and an annotation that is no JSON or more than 8 kB.
    """

    action: DecisionAction
    reason: str = ""
    """Why, in up to 200 characters; what is longer is cut. It is logged, kept and told CometChat,
    so name the rule, and never quote the message."""
    confidence: float = 1.0
    """How sure that is, between 0 and 1. CometChat's rule compares it with its own threshold."""
    annotation: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, hash=False)
    """What is told about the message, as JSON has it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "action", DecisionAction(self.action))
        object.__setattr__(self, "reason", _reason(self.reason))
        object.__setattr__(self, "confidence", _confidence(self.confidence))
        object.__setattr__(self, "annotation", _annotation(self.annotation))

    @classmethod
    def allow(cls) -> Self:
        """The message is delivered as it is. To return None says the same."""
        return cls(DecisionAction.ALLOW)

    @classmethod
    def drop(cls, reason: str, confidence: float = 1.0) -> Self:
        """The message is not delivered. `reason` says why, `confidence` how sure that is, from 0 to
        1. Raises `ValueError` and `TypeError`.
        """
        if not reason:
            raise ValueError('drop(""): say why, by the name of a rule: drop("scam: free crypto")')
        return cls(DecisionAction.DROP, reason, confidence)

    @classmethod
    def annotate(cls, annotation: Mapping[str, Any]) -> Self:
        """The message is delivered with `annotation` in its metadata, up to 8 kB of JSON; with an
        empty one as it is. Raises `ValueError` and `TypeError`.
        """
        if isinstance(annotation, Mapping) and not annotation:
            return cls.allow()
        return cls(DecisionAction.ANNOTATE, annotation=annotation)


def _reason(reason: Any) -> str:
    if not isinstance(reason, str):
        raise TypeError(f"reason={reason!r:.50}: write a text: drop('scam: free crypto')")
    return cut(scrub(reason), LONGEST_REASON)


def _confidence(confidence: Any) -> float:
    if not is_seconds(confidence) or not 0 <= confidence <= 1:
        raise ValueError(f"confidence={confidence!r:.50}: write a number from 0 to 1")
    return float(confidence)


def _annotation(annotation: Any) -> Mapping[str, Any]:
    """A copy that nobody can change, of plain JSON."""
    if not annotation and isinstance(annotation, Mapping):
        return _NOTHING
    if not isinstance(annotation, Mapping):
        kind = type(annotation).__name__
        raise TypeError(f"annotate({kind}): write an object of JSON: annotate({{'score': 3}})")
    if _ANSWER in annotation:
        problem = "it would be read as an answer, which may drop the message; rename it"
        raise ValueError(f'an annotation has no key "{_ANSWER}": {problem}')
    try:
        encoded = orjson.dumps(dict(annotation))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the annotation is no JSON: {error}") from None
    if len(encoded) > LARGEST_ANNOTATION:
        raise ValueError(
            f"the annotation has {number_of(len(encoded), 'byte')}, and may have"
            f" {LARGEST_ANNOTATION}"
        )
    known: dict[str, Any] = orjson.loads(encoded)
    return MappingProxyType(known)
