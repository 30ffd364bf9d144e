"""Handlers that call CometChat, which is a server of the tests' own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from comethooks.workers.cometchat.calls import Pacing
from comethooks.workers.handlers.http_client import new_client
from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.run import execute
from comethooks.workers.journal import RunResult
from comethooks.workers.presses.tokens import InteractionUrls
from comethooks.workers.record import event_of
from comethooks.workers.settings.apps import App
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.cometchat import APP, CometChat, cometchat
from tests.workers.engine import handler, record

PUBLIC_URL = "https://chat.example.com"
KEYS = (InteractionKey("k1", b"for tests only"),)
Run = Callable[..., RunResult]


@pytest.fixture
def server() -> Iterator[CometChat]:
    """CometChat."""
    with cometchat() as state:
        yield state


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """One for all: what takes time is reading the certificates."""
    with new_client() as made:
        yield made


@pytest.fixture
def waits() -> list[float]:
    """The seconds that calls have waited, in which no time passes."""
    return []


@pytest.fixture
def pacing(waits: list[float]) -> Pacing:
    """When calls are made: at once."""
    return Pacing(sleep=waits.append)


@pytest.fixture
def run(server: CometChat, client: httpx.Client, pacing: Pacing) -> Run:
    """Runs a function as the handler `shop.handler`, on an event of the app that is named."""

    def run(
        function: Callable[..., Any],
        *,
        app: App | None = None,
        app_id: str | None = APP,
        event: int = 1,
        timeout: float = 30.0,
        media_hosts: tuple[str, ...] = (),
        **options: Any,
    ) -> RunResult:
        services = Services(
            lambda: client,
            once_keys=None,  # type: ignore[arg-type]
            emit=None,  # type: ignore[arg-type]
            apps={APP: app or server.app},
            interaction_urls=InteractionUrls(KEYS, PUBLIC_URL),
            pacing=pacing,
            media_hosts=media_hosts or (server.url.removeprefix("http://"),),
        )
        retry = options.pop("retry", None)
        bound = handler(function, "shop.handler", retry=retry, timeout=timeout)
        kept = replace(record(event, 1), app_id=app_id, id=f"event-{event}")
        return execute(bound, event_of(kept), services, **options)

    return run
