"""Deciders and handlers of `moderator` count in the same windows, and ask services of their own."""

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog

from comethooks.schemas import parse
from comethooks.workers.deciding.decider_context import DeciderContext, DeciderServices
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.deciders.decision import Decision
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import event_of, event_record
from tests.redis_server import RedisServer
from tests.workers.deciding.messages import panel_of
from tests.workers.moderation.moderated import moderator

_FAR = 1e12
"""Monotonic seconds that never come."""


def decide(plugin: Plugin, number: int, services: DeciderServices) -> Decision | None:
    """What the decider says of message `number`."""
    [decider] = plugin.deciders
    data: dict[str, Any] = {
        "muid": f"m{number}",
        "sender": "omar",
        "receiver": "ines",
        "receiverType": "user",
        "category": "message",
        "type": "text",
        "sentAt": 1_790_000_000,
        "data": {"text": "good morning"},
    }
    body = {"trigger": "before_message", "appId": "2611fa0c", "data": data}
    raw = orjson.dumps(body)
    record = event_record(parse(body, raw), id=str(number), received_at=1_790_000_000_000, body=raw)
    ctx = DeciderContext(
        Config("moderator", {}),
        structlog.get_logger(),
        decider.id,
        _ends_at=_FAR,
        _services=services,
    )
    decision: Decision | None = decider.function(event_of(record), ctx)
    return decision


def test_a_flood_is_dropped_and_a_repeat_counts_once(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    """Without Redis nothing is counted, and the message passes."""
    flood = "flood = { messages = 2, seconds = 60 }"
    plugin = moderator(tmp_path, flood, in_flight='"drop"')
    with redis_server.client() as redis:
        services = DeciderServices(httpx.Client, redis=redis)
        numbers = (1, 2, 2, 1, 3)
        said = [decide(plugin, number, services) for number in numbers]
    assert said[:4] == [None] * 4
    assert said[4] == Decision.drop("scam: 3 in 60 s")
    assert decide(plugin, 4, DeciderServices(httpx.Client)) is None


@pytest.mark.parametrize("answers", [True, False])
def test_a_service_that_does_not_answer_finds_nothing(tmp_path: Path, answers: bool) -> None:
    """What it says is told with its score."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert orjson.loads(request.content) == {"input": ["good morning"]}
        return httpx.Response(200 if answers else 500, json=[{"toxic": 0.97}])

    scorer = 'scorer = { url = "https://scores.example.com", over = { toxic = 0.9 } }'
    plugin = moderator(tmp_path, scorer, in_flight='"drop"')
    client = httpx.Client(transport=httpx.MockTransport(answer))
    decision = decide(plugin, 1, DeciderServices(lambda: client))
    assert decision == (Decision.drop("scam: toxic 0.97") if answers else None)


def test_what_words_are_found_by_is_made_before_the_first_message(tmp_path: Path) -> None:
    """Where messages are decided on, and nowhere else: others load the rules alone."""
    plugin = moderator(tmp_path, in_flight='"drop"')
    [decider] = plugin.deciders
    assert decider.prepare is not None
    rules = decider.prepare.__self__  # type: ignore[attr-defined]
    assert "_words" not in vars(rules)
    with panel_of(plugin):
        assert "_words" in vars(rules)
