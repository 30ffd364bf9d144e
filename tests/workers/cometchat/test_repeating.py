"""Calls that are made again within the same run."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from comethooks.workers.cometchat.repeating import MOST_REPEATS, Repeats
from comethooks.workers.states import RunState
from tests.cometchat import CometChat
from tests.workers.cometchat.conftest import Run

GET: Callable[[Any], Any] = lambda api: api.message("7")  # noqa: E731
PUT: Callable[[Any], Any] = lambda api: api.update_message("7", text="a")  # noqa: E731
DELETE: Callable[[Any], Any] = lambda api: api.delete_message("7")  # noqa: E731
POST: Callable[[Any], Any] = lambda api: api.pin("7")  # noqa: E731
PATCH: Callable[[Any], Any] = lambda api: api.mark_interacted("7", "ada", ["a"])  # noqa: E731
DONE = (200, {"data": {"id": "7"}})


@pytest.mark.parametrize("call", [GET, PUT, DELETE])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_can_be_done_twice_is(
    run: Run, server: CometChat, waits: list[float], call: Callable[[Any], Any], status: int
) -> None:
    """After waits that double."""
    server.faults = [(status, {}), (status, {}), DONE]
    assert run(lambda event, ctx: call(ctx.cometchat)).state is RunState.DONE
    assert len(server.calls) == 3
    assert 0.5 <= waits[0] <= 0.75
    assert 1 <= waits[1] <= 1.5


def test_a_429_is_repeated_when_it_says(run: Run, server: CometChat, waits: list[float]) -> None:
    """If the run has as long; if not, the run is tried again then."""
    server.busy = ["2"]
    server.faults = [DONE]
    assert run(lambda event, ctx: GET(ctx.cometchat)).state is RunState.DONE
    assert 2 <= waits[0] <= 3
    server.busy = ["40"]
    assert run(lambda event, ctx: GET(ctx.cometchat)).state is RunState.RETRYING
    assert len(waits) == 1


@pytest.mark.parametrize("call", [POST, PATCH])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_have_been_done_is_not(
    run: Run, server: CometChat, call: Callable[[Any], Any], status: int
) -> None:
    server.faults = [(status, {}), DONE]
    assert run(lambda event, ctx: call(ctx.cometchat)).state is not RunState.DONE
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [400, 404, 408, 500, 501])
def test_after_other_answers_nothing_is(run: Run, server: CometChat, status: int) -> None:
    """They would be the same, or nobody knows."""
    server.faults = [(status, {}), DONE]
    run(lambda event, ctx: GET(ctx.cometchat))
    assert len(server.calls) == 1


def test_it_ends(run: Run, server: CometChat) -> None:
    """The run comes again as its `retry` says."""
    server.faults = [(503, {})] * 9
    result = run(lambda event, ctx: GET(ctx.cometchat))
    assert "GET /messages/7: CometChat answered 503" in (result.error or "")
    assert len(server.calls) == 1 + MOST_REPEATS


@pytest.mark.parametrize(
    ("error", "repeated"),
    [
        (httpx.ConnectError, {"GET", "PUT", "DELETE", "POST", "PATCH"}),
        (httpx.ConnectTimeout, {"GET", "PUT", "DELETE", "POST", "PATCH"}),
        (httpx.PoolTimeout, {"GET", "PUT", "DELETE", "POST", "PATCH"}),
        (httpx.ReadError, {"GET", "PUT", "DELETE"}),
        (httpx.ReadTimeout, {"GET", "PUT", "DELETE"}),
        (httpx.WriteError, {"GET", "PUT", "DELETE"}),
        (httpx.RemoteProtocolError, {"GET", "PUT", "DELETE"}),
        (httpx.LocalProtocolError, set()),
        (httpx.UnsupportedProtocol, set()),
    ],
)
def test_lost_connections(error: type[httpx.TransportError], repeated: set[str]) -> None:
    """A message that was sent may be there; one that never left may be sent again."""
    methods = ("GET", "PUT", "DELETE", "POST", "PATCH")
    waits = {method: Repeats(method, lambda: 30.0).after_error(error("x")) for method in methods}
    assert {method for method, wait in waits.items() if wait is not None} == repeated


def test_a_run_that_ends_soon_repeats_nothing() -> None:
    """A repeat needs some time itself."""
    assert Repeats("GET", lambda: 1.4).after_error(httpx.ReadError("x")) is None
