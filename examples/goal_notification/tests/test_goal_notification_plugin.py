"""Once somebody meets the goal of a message, one signed call is made."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest
from goal_notification_plugin import SIGNATURE, plugin

from comethooks.testing import Delivery, Harness

CONFIG = {"url": "https://crm.example.com/goals", "key": "0123456789abcdef"}
BOTH = [{"elementId": "read", "interactedBy": "ada"}, {"elementId": "later", "interactedBy": "ben"}]


def deliver(harness: Harness, interactions: list[dict[str, str]], **more: Any) -> Delivery:
    """A card with two buttons, either of which is its goal, and who pressed what."""
    changes = {"data.message.data.interactions": interactions}
    return harness.deliver(
        plugin, "message_sent", variant="card", config=CONFIG, set=changes, message_id="7", **more
    )


def test_a_goal_that_is_met_is_told_once(harness: Harness) -> None:
    """A call for each user; further events about the message make none."""
    for _ in range(2):
        assert deliver(harness, BOTH).run.state == "done"
    told = [request.json for request in harness.http.requests]
    assert [(one["message"], one["user"]) for one in told] == [("7", "ada"), ("7", "ben")]


def test_the_call_is_signed(harness: Harness) -> None:
    """Who has the key can see that nobody else made it, and that nothing was changed."""
    deliver(harness, BOTH[:1])
    [request] = harness.http.requests
    expected = hmac.new(CONFIG["key"].encode(), request.content, hashlib.sha256).hexdigest()
    assert request.headers[SIGNATURE] == expected
    assert json.loads(request.content)["user"] == "ada"


def test_a_goal_that_is_not_met_is_not_told(harness: Harness) -> None:
    """Nor are messages without interactions, or of another kind."""
    deliver(harness, [])
    deliver(harness, [{"elementId": "else", "interactedBy": "ada"}])
    for variant in ("text", "form"):
        harness.deliver(plugin, "message_sent", variant=variant, config=CONFIG)
    assert harness.http.requests == []


def test_an_object_of_an_sdk_is_understood(harness: Harness) -> None:
    """It has the parts beside `data`."""
    parts = {
        "data.message.data": {},
        "data.message.interactionGoal": {"type": "ANY_ACTION", "elementIds": []},
        "data.message.interactions": [{"elementId": "read", "interactedAt": 1_760_000_000}],
    }
    harness.deliver(plugin, "message_sent", variant="card", config=CONFIG, set=parts)
    assert [request.json["user"] for request in harness.http.requests] == [None]


def test_a_call_that_fails_is_made_again(harness: Harness) -> None:
    """And the one that succeeded for somebody else is not."""
    harness.http.respond(times=1)
    harness.http.fail(times=2)
    run = deliver(harness, BOTH).run
    assert (run.state, run.attempts) == ("done", 3)
    assert [request.json["user"] for request in harness.http.requests] == [
        "ada",
        "ben",
        "ben",
        "ben",
    ]


def test_a_call_that_is_refused_is_not_made_again(harness: Harness) -> None:
    """The run is dead, and can be retried when the other side has been mended."""
    harness.http.fail(status=404)
    run = deliver(harness, BOTH).run
    assert (run.state, run.attempts, run.error) == (
        "dead",
        1,
        "Stop: it was answered with 404, and will be again",
    )


def test_a_call_whose_answer_is_lost_is_not_made_twice(harness: Harness) -> None:
    """It may have arrived, so its key is `unknown`."""
    harness.http.fail(times=1, error=httpx.ReadTimeout)
    assert deliver(harness, BOTH[:1]).run.state == "done"
    assert len(harness.http.requests) == 1
    assert list(harness.once_keys.states.values()) == ["unknown"]


def test_a_dry_run_shows_the_call(harness: Harness) -> None:
    """Nothing is sent."""
    result = deliver(harness, BOTH[:1], dry_run=True)
    assert any(line.startswith(f"would POST {CONFIG['url']}") for line in result.effects)
    assert harness.http.requests == []


def test_the_key_must_not_be_short(harness: Harness) -> None:
    """A signature is worth what its key is."""
    with pytest.raises(Exception, match="Shorter than minimum length 16"):
        harness.deliver(plugin, "message_sent", config={**CONFIG, "key": "short"})
