"""What a decider says is checked where it says it."""

import dataclasses
from typing import Any

import pytest

from comethooks import Decision
from comethooks.workers.plugins.deciders.decision import LARGEST_ANNOTATION


def test_to_allow_says_nothing_more() -> None:
    """The message is delivered as it is."""
    decision = Decision.allow()
    assert (decision.action, decision.reason, dict(decision.annotation)) == ("allow", "", {})


def test_to_drop_takes_a_reason_and_how_sure_that_is() -> None:
    """Entirely sure, when nothing is said."""
    assert (Decision.drop("scam").reason, Decision.drop("scam").confidence) == ("scam", 1.0)
    assert Decision.drop("scam", confidence=0).confidence == 0.0


def test_a_long_reason_is_cut() -> None:
    """CometChat gets 200 characters of it, which have neither NUL nor half a surrogate pair."""
    reason = Decision.drop("\x00\ud800" + "a" * 300).reason
    assert (len(reason), reason[:3], reason[-1]) == (200, "\ufffd\ufffda", "…")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("",), ValueError, "say why"),
        ((None,), ValueError, "say why"),
        ((7,), TypeError, "write a text"),
        (("scam", 1.5), ValueError, "from 0 to 1"),
        (("scam", float("nan")), ValueError, "from 0 to 1"),
        (("scam", "0.5"), ValueError, "from 0 to 1"),
        (("scam", True), ValueError, "from 0 to 1"),
    ],
)
def test_to_drop_wrongly_is_an_error(arguments: Any, error: type[Exception], says: str) -> None:
    """It says what to write instead."""
    with pytest.raises(error, match=says):
        Decision.drop(*arguments)


def test_an_annotation_is_a_copy_that_nobody_can_change() -> None:
    """Whatever the decider does to it later, in a thread that is late."""
    labels = ["spam"]
    decision = Decision.annotate({"labels": labels})
    labels.append("scam")
    assert decision.annotation == {"labels": ["spam"]}
    with pytest.raises(TypeError):
        decision.annotation["labels"] = []  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        decision.reason = "scam"  # type: ignore[misc]


def test_to_annotate_with_nothing_is_to_allow() -> None:
    """Nothing would be added to the message."""
    assert Decision.annotate({}) == Decision.allow()


@pytest.mark.parametrize(
    ("annotation", "error", "says"),
    [
        ([1], TypeError, "an object of JSON"),
        ("text", TypeError, "an object of JSON"),
        (None, TypeError, "an object of JSON"),
        ({"when": object()}, ValueError, "is no JSON"),
        ({1: 2}, ValueError, "is no JSON"),
        ({"half": "\ud800"}, ValueError, "is no JSON"),
        ({"action": "warn"}, ValueError, "may drop the message"),
        ({"text": "a" * LARGEST_ANNOTATION}, ValueError, "may have 8192"),
    ],
)
def test_to_annotate_wrongly_is_an_error(
    annotation: Any, error: type[Exception], says: str
) -> None:
    """What is no object of JSON, is too large, or would be taken for an answer that drops."""
    with pytest.raises(error, match=says):
        Decision.annotate(annotation)


def test_a_nest_without_end_is_no_json() -> None:
    """And does not end the thread."""
    nest: dict[str, Any] = {}
    nest["nest"] = nest
    with pytest.raises(ValueError, match="is no JSON"):
        Decision.annotate(nest)


def test_an_annotation_may_be_as_large_as_that() -> None:
    """To the byte, as JSON."""
    assert Decision.annotate({"text": "a" * (LARGEST_ANNOTATION - len('{"text":""}'))})
