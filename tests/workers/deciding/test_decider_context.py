"""What a decider gets beside the event: no effects but the requests that it needs to decide."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from comethooks.testing import Calls
from comethooks.workers.deciding.decider_context import DeciderContext, DeciderServices
from comethooks.workers.handlers.handler_log import HandlerLog
from comethooks.workers.plugins.config import Config


def context(seconds: float = 10.0, calls: Calls | None = None) -> DeciderContext:
    """The context of a decider that has so long."""
    services = DeciderServices((calls or Calls()).client)
    ends_at = time.monotonic() + seconds
    return DeciderContext(
        Config("gate", {}), HandlerLog({}), "gate.judge", _ends_at=ends_at, _services=services
    )


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("ctx.once", lambda ctx: ctx.once("key")),
        ("ctx.emit", lambda ctx: ctx.emit("found", {})),
        ("ctx.cometchat", lambda ctx: ctx.cometchat.send("hello")),
    ],
)
def test_what_belongs_into_a_handler_says_so(name: str, use: Callable[[Any], Any]) -> None:
    """And with what to register one."""
    with pytest.raises(RuntimeError) as caught:
        use(context())
    assert str(caught.value).startswith(f"{name} is not for deciders")
    assert '@plugin.on("before_message")' in str(caught.value)


def test_the_deadline_is_when_nobody_waits_any_more() -> None:
    """In UTC."""
    left = context(seconds=10).deadline - datetime.now(UTC)
    assert timedelta(seconds=9) < left <= timedelta(seconds=10)


def test_requests_have_as_long_as_is_left() -> None:
    """Whatever time-out they name."""
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200)

    services = DeciderServices(lambda: httpx.Client(transport=httpx.MockTransport(answer)))
    ctx = DeciderContext(
        Config("gate", {}),
        HandlerLog({}),
        "gate.judge",
        _ends_at=time.monotonic() + 0.5,
        _services=services,
    )
    ctx.http.get("https://scorer.example.com", timeout=10)
    assert 0.05 < seen[0]["read"] <= 0.5


def test_past_the_deadline_nothing_is_sent() -> None:
    """A decider that loops over ten thousand calls ends with the first one that is late."""
    calls = Calls()
    ctx = context(seconds=-0.1, calls=calls)
    with pytest.raises(httpx.ConnectTimeout, match="nobody waits"):
        ctx.http.get("https://scorer.example.com")
    assert calls.requests == []


def test_a_context_made_by_hand_reaches_nothing() -> None:
    """In tests there is the harness."""
    ctx = DeciderContext(Config("gate", {}), HandlerLog({}), "gate.judge")
    with pytest.raises(RuntimeError, match="made by hand"):
        ctx.http.get("https://scorer.example.com")
