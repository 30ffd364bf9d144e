"""What answers mean, however they are wrapped."""

import pytest

from comethooks.management import UnreadableError
from comethooks.management.answers import (
    TriggerResult,
    Webhook,
    page_count,
    refusal,
    trigger_names,
    trigger_results,
    unwrapped,
)

ITEM = {"id": "h1", "name": "h"}


@pytest.mark.parametrize(
    "document",
    [{"data": ITEM}, {"data": [{"data": ITEM}]}, [{"data": ITEM}], [ITEM], {"data": [ITEM]}, ITEM],
)
def test_an_object_is_found_in_all_its_wrappings(document) -> None:
    assert unwrapped(document) == [ITEM]


def test_several_stay_several_and_in_their_order() -> None:
    assert unwrapped({"data": [{"data": {"id": "1"}}, {"data": {"id": "2"}}]}) == [
        {"id": "1"},
        {"id": "2"},
    ]


@pytest.mark.parametrize("document", [None, {"data": []}, [], 7, {"data": None}])
def test_nothing_is_nothing(document) -> None:
    assert unwrapped(document) == []


@pytest.mark.parametrize(
    ("document", "pages"),
    [
        ({"data": [], "meta": {"pagination": {"total_pages": 3}}}, 3),
        ([{"data": [], "meta": {"pagination": {"total_pages": "2"}}}], 2),
        ({"data": []}, 1),
        ({"meta": {"pagination": None}}, 1),
        ({"meta": {"pagination": {"total_pages": -1}}}, 1),
        ({"meta": {"pagination": {"total_pages": 10**9}}}, 1),
        (None, 1),
    ],
)
def test_pages_are_counted_where_they_are_told(document, pages: int) -> None:
    """A number that cannot be right is no reason to ask for ever."""
    assert page_count(document) == pages


def test_a_webhook_has_what_was_told_of_it() -> None:
    told = {
        "webhookURL": "https://x",
        "enabled": 1,
        "retryOnFailure": "false",
        "username": "",
        "useBasicAuth": None,
    }
    webhook = Webhook.of({"id": 57, **told})
    assert webhook == Webhook("57", None, "https://x", True, False, None, None)


def test_a_webhook_without_an_id_is_none() -> None:
    with pytest.raises(UnreadableError, match="without an id"):
        Webhook.of({"name": "h"})


class TestTriggers:
    def test_each_has_its_own_result(self) -> None:
        told = {"a": {"success": True, "message": "ok"}, "b": {"success": False, "message": "no"}}
        assert trigger_results(["a", "b"], [told]) == [
            TriggerResult("a", True, "ok"),
            TriggerResult("b", False, "no"),
        ]

    def test_results_may_be_wrapped_one_by_one(self) -> None:
        items = unwrapped(
            [{"data": {"a": {"success": True}}}, {"data": {"b": {"success": "true"}}}]
        )
        assert [result.success for result in trigger_results(["a", "b"], items)] == [True, True]

    def test_one_that_is_not_mentioned_has_failed(self) -> None:
        """Believed to be added, it would never be missed."""
        assert trigger_results(["a", "b"], [{"a": {"success": True}}])[1].success is False
        assert trigger_results(["a"], [])[0].message == "CometChat's answer does not mention it"

    def test_one_result_without_a_name_is_that_of_all(self) -> None:
        assert [each.success for each in trigger_results(["a", "b"], [{"success": True}])] == [
            True,
            True,
        ]
        [failed] = trigger_results(["a"], [{"success": False}])
        assert (failed.success, failed.message) == (False, "no reason given")

    def test_they_are_listed_as_objects_or_as_names(self) -> None:
        assert trigger_names([{"id": "a", "description": "x"}, "b", {"description": "x"}]) == [
            "a",
            "b",
        ]


def test_an_answer_of_200_can_be_a_refusal() -> None:
    assert refusal([{"success": False, "message": "in use"}]) == "in use"
    assert refusal([{"success": True}]) is None
    assert refusal([{"id": "h1"}]) is None
