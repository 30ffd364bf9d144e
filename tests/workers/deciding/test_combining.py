"""What several deciders say becomes one ruling."""

from collections.abc import Sequence
from typing import Any

import pytest

from comethooks.workers.deciding.combining import (
    UNDECIDED,
    DeciderFailure,
    Fault,
    OnFailure,
    Opinion,
    combined,
)
from comethooks.workers.plugins.deciders.decision import LARGEST_ANNOTATION, Decision
from comethooks.workers.record import Vote
from comethooks.workers.states import DecisionAction

ALLOW, DROP = Decision.allow(), Decision.drop("scam", 0.7)


def opinions(*said: Decision | None, shadow: Sequence[int] = ()) -> list[Opinion]:
    """One of each decider, `a.judge`, `b.judge`…; None of one that was late."""
    found = []
    for number, decision in enumerate(said):
        decider = f"{chr(ord('a') + number)}.judge"
        failure = DeciderFailure(decider, Fault.LATE, "it was late")
        given: dict[str, Any] = {"decision": decision} if decision else {"failure": failure}
        found.append(Opinion(decider, 1.5, number in shadow, **given))
    return found


def labels(**said: Any) -> Decision:
    return Decision.annotate(said)


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        ((), "allow"),
        ((ALLOW, ALLOW), "allow"),
        ((ALLOW, labels(score=3)), "annotate"),
        ((labels(score=3), DROP, ALLOW), "drop"),
    ],
)
def test_to_drop_comes_before_to_annotate_and_that_before_to_allow(
    said: tuple[Decision, ...], decision: str
) -> None:
    """Whoever says it."""
    assert combined(opinions(*said)).decision == decision


def test_the_surest_says_why_a_message_is_dropped() -> None:
    """Among equally sure ones, the first by plugin name."""
    sure, surer, as_sure = Decision.drop("a", 0.5), Decision.drop("b", 0.9), Decision.drop("c", 0.9)
    ruling = combined(opinions(sure, surer, as_sure))
    assert (ruling.reason, ruling.confidence) == ("b", 0.9)


def test_nobody_is_sure_of_a_message_that_is_delivered() -> None:
    """How sure a decider is that it may pass says nothing of that it may not."""
    assert (combined(opinions(ALLOW)).reason, combined(opinions(ALLOW)).confidence) == ("", 0.0)


def test_annotations_are_merged_by_key_and_the_first_wins() -> None:
    """Each key that two of them see otherwise is a conflict; the same value is none."""
    ruling = combined(
        opinions(labels(score=3, kind="text"), labels(score=5, kind="text", length=4))
    )
    assert list(ruling.annotation.items()) == [("score", 3), ("kind", "text"), ("length", 4)]
    assert ruling.conflicts == ("b.judge",)


def test_annotations_that_are_too_large_together_are_a_failure_of_the_later_one() -> None:
    """The first one's is kept."""
    half = "a" * (LARGEST_ANNOTATION // 2)
    ruling = combined(opinions(labels(one=half), labels(two=half), labels(three=3)))
    assert set(ruling.annotation) == {"one", "three"}
    [failure] = ruling.failures
    assert (failure.decider, failure.fault) == ("b.judge", "invalid")
    assert [vote.verdict for vote in ruling.votes] == ["annotate", None, "annotate"]


def test_a_message_that_is_dropped_is_told_nothing_about() -> None:
    """There is nothing to be delivered with it."""
    assert combined(opinions(labels(score=3), DROP)).annotation == {}


def test_what_is_said_in_shadow_is_kept_and_not_applied() -> None:
    """Neither that it is dropped, nor what is told about it, nor that it failed."""
    ruling = combined(opinions(DROP, labels(score=3), None, shadow=(0, 1, 2)), "drop")
    assert (ruling.decision, ruling.annotation, ruling.failed) == ("allow", {}, False)
    assert ruling.votes == (
        Vote("a.judge", DecisionAction.DROP, 1.5, True, reason="scam", confidence=0.7),
        Vote("b.judge", DecisionAction.ANNOTATE, 1.5, True),
        Vote("c.judge", None, 1.5, True, error="it was late"),
    )
    assert [failure.decider for failure in ruling.failures] == ["c.judge"]


@pytest.mark.parametrize(
    ("on_failure", "can_defer", "decision", "deferred"),
    [
        ("allow", True, "allow", False),
        ("drop", True, "drop", False),
        ("defer", True, "allow", True),
        ("defer", False, "allow", False),
    ],
)
def test_what_becomes_of_a_message_that_one_could_not_judge(
    on_failure: OnFailure, can_defer: bool, decision: str, deferred: bool
) -> None:
    """As the operator says; to defer is to allow where CometChat would not understand it."""
    ruling = combined(opinions(ALLOW, None), on_failure, can_defer=can_defer)
    assert (ruling.decision, ruling.failed, ruling.deferred) == (decision, True, deferred)
    assert ruling.reason == (UNDECIDED if decision == "drop" else "")


@pytest.mark.parametrize("on_failure", ["allow", "drop", "defer"])
def test_who_drops_a_message_does_so_whoever_else_failed(on_failure: OnFailure) -> None:
    """There is nothing more to find out."""
    ruling = combined(opinions(None, DROP), on_failure, can_defer=True)
    assert (ruling.decision, ruling.reason) == ("drop", "scam")
    assert (ruling.failed, ruling.deferred) == (False, False)
    assert len(ruling.failures) == 1


def test_what_others_tell_about_a_message_is_kept_when_one_fails() -> None:
    """Unless it is dropped for that."""
    assert combined(opinions(labels(score=3), None)).annotation == {"score": 3}
    assert combined(opinions(labels(score=3), None), "drop").annotation == {}
