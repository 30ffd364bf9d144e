"""An app at CometChat that the command knows the REST key of."""

from collections.abc import Iterator

import pytest

from comethooks.testing.chat_app import ChatApp
from comethooks.workers.clock import now_ms
from tests.comethooks.cli.conftest import Command


@pytest.fixture
def chat(command: Command) -> Iterator[ChatApp]:
    """It has no messages yet, and its key is `key`."""
    app = ChatApp(now_ms, keys={"app1": "key"})
    with app.served() as url:
        command.environ["COMETHOOKS_APPS"] = "app1:eu:key,app2:eu"
        command.environ["COMETCHAT_API_URL"] = url
        yield app
