"""Asking services how texts score: `{"input": ["text", …]}` out, labels with their scores in."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from comethooks.workers.deciding.resting import DeciderHealth
from comethooks.workers.moderation.look import Score
from comethooks.workers.moderation.rule import Scorer, ScorerCall

EACH = "*"
"""Stands in a path for each of the texts, in their order."""


Post = Callable[..., Any]
"""Posts JSON, and gives an `httpx.Response`: `ctx.http.post`. Raises what httpx raises."""


class ScorerAnswerError(ValueError):
    """A service answered what are no scores. The text says where they are missing."""


class Scorers:
    """Asks services, each of which rests like a decider when it fails too often. Threads may share
    it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._health: dict[ScorerCall, DeciderHealth] = {}

    def score(
        self, post: Post, call: ScorerCall, texts: Sequence[str]
    ) -> list[dict[str, float]] | None:
        """The labels of each text; None while the service rests.

        Raises what `post` raises, and `ScorerAnswerError`.
        """
        if self.rests(call):
            return None
        try:
            answer = post(
                call.url, json={"input": [*texts]}, headers=dict(call.headers), timeout=call.timeout
            )
            answer.raise_for_status()
            found = scores_in(answer.json(), call.labels, len(texts))
        except Exception:
            self._note(call, lambda health: health.after_failure(self._clock()))
            raise
        self._note(call, DeciderHealth.after_success)
        return found

    def asking(self, post: Post, tell: Callable[[Exception], object]) -> Score:
        """What a look asks: a service that fails has no answer, and `tell` is called with why, so
        that nothing else which is found gets lost.
        """

        def score(call: ScorerCall, texts: Sequence[str]) -> list[dict[str, float]] | None:
            try:
                return self.score(post, call, texts)
            except Exception as error:
                tell(error)
                return None

        return score

    def rests(self, call: ScorerCall) -> bool:
        """Whether a service is not asked now."""
        with self._lock:
            return self._health.get(call, DeciderHealth()).rests(self._clock())

    def _note(self, call: ScorerCall, then: Callable[[DeciderHealth], DeciderHealth]) -> None:
        with self._lock:
            self._health[call] = then(self._health.get(call, DeciderHealth()))


def scores_in(document: Any, path: str, texts: int) -> list[dict[str, float]]:
    """The labels of each text in an answer, by a path of keys with `*` where the texts are:
    `results.*.labels`. Raises `ScorerAnswerError`.
    """
    before, star, behind = (path or EACH).partition(EACH)
    if not star:
        raise ScorerAnswerError(f"the path {path!r} has no {EACH}, which stands for the texts")
    listed = _at(document, before)
    if not isinstance(listed, list) or len(listed) != texts:
        raise ScorerAnswerError(f"expected a list of {texts} at {before.strip('.') or 'the top'}")
    return [_labels(_at(each, behind)) for each in listed]


def _at(value: Any, path: str) -> Any:
    for key in filter(None, path.split(".")):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _labels(value: Any) -> dict[str, float]:
    """`{"toxic": 0.9}`, or a list of `{"label": "toxic", "score": 0.9}`."""
    if isinstance(value, list):
        value = {
            each["label"]: each["score"]
            for each in value
            if isinstance(each, Mapping) and "label" in each and "score" in each
        }
    if not isinstance(value, Mapping):
        raise ScorerAnswerError("the labels of a text are no object")
    return {
        str(label): float(score)
        for label, score in value.items()
        if isinstance(score, int | float) and not isinstance(score, bool)
    }


def found_labels(scorer: Scorer, labels: Mapping[str, float]) -> list[str]:
    """The labels of a text that reach what the rule says, with their scores: `toxic 0.97`."""
    return [
        f"{label} {labels[label]:.2f}"
        for label, least in scorer.over.items()
        if labels.get(label, 0.0) >= least
    ]
