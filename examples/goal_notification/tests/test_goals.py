"""When a goal is met, by CometChat's rules."""

from typing import Any

import pytest
from goal_notification_plugin.goals import is_met, met_by


@pytest.mark.parametrize(
    ("kind", "elements", "pressed", "met"),
    [
        ("anyAction", [], {"x"}, True),
        ("anyAction", ["a"], {"x"}, True),
        ("anyAction", [], set(), False),
        ("anyOf", ["a", "b"], {"b", "x"}, True),
        ("anyOf", ["a", "b"], {"x"}, False),
        ("anyOf", [], {"x"}, False),
        ("allOf", ["a", "b"], {"a", "b", "x"}, True),
        ("allOf", ["a", "b"], {"a"}, False),
        ("allOf", [], {"x"}, False),
        ("none", ["a"], {"a"}, False),
        ("ANY_ACTION", [], {"x"}, True),
        ("ANY_OF", ["a"], {"a"}, True),
        ("all-of", ["a"], {"a"}, True),
        ("whatever", ["a"], {"a"}, False),
        (None, ["a"], {"a"}, False),
        ("anyOf", None, {"a"}, False),
    ],
)
def test_a_goal_is_met(
    kind: str | None, elements: list[str] | None, pressed: set[str], met: bool
) -> None:
    """By its type and elements, in every spelling."""
    assert is_met({"type": kind, "elementIds": elements}, pressed) is met


def press(element: str, by: Any = None) -> dict[str, Any]:
    return {
        "elementId": element,
        "interactedAt": 1_760_000_000,
        **({"interactedBy": by} if by else {}),
    }


def message(*interactions: dict[str, Any], **more: Any) -> dict[str, Any]:
    goal = {"type": "allOf", "elementIds": ["a", "b"]}
    return {"interactionGoal": goal, "interactions": list(interactions), **more}


def test_it_is_judged_for_each_user() -> None:
    """Two who press a half each have not met it."""
    halves = [press("a", "ada"), press("b", {"uid": "ben"})]
    assert met_by(message(*halves), "zoe") == []
    assert met_by(message(*halves, press("a", "ben"), press("b", "ada")), "zoe") == ["ada", "ben"]


def test_interactions_of_nobody_in_particular_are_of_one() -> None:
    """An object of an SDK is as its user has it."""
    assert met_by(message(press("a"), press("b")), "zoe") == [""]


@pytest.mark.parametrize(
    ("allowed", "who"), [(True, ["zoe"]), (False, []), (None, []), ("1", ["zoe"])]
)
def test_the_senders_own_count_only_where_that_is_allowed(allowed: object, who: list[str]) -> None:
    """`allowSenderInteraction` says so."""
    own = [press("a", "zoe"), press("b", "zoe")]
    assert met_by(message(*own, allowSenderInteraction=allowed), "zoe") == who


@pytest.mark.parametrize(
    "broken", [{}, {"interactionGoal": "x"}, {"interactionGoal": {}, "interactions": "x"}]
)
def test_what_is_no_goal_is_never_met(broken: dict[str, Any]) -> None:
    """Whatever stands there."""
    assert met_by(broken, "zoe") == []
