"""Presses as devices post them."""

import json
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.settings.interaction_keys import InteractionKey

SECRET = "a-secret-of-the-test"
KEY = InteractionKey("k1", SECRET.encode())
DATA: dict[str, Any] = {
    "messageId": 57,
    "interactedBy": "ben",
    "interactedElementId": "submit",
    "formData": {"name": "Ada"},
}
BODY: dict[str, Any] = {
    "appID": "app1",
    "region": "eu",
    "trigger": "ui_message_interacted",
    "payload": {},
    "data": DATA,
}
METHODS = ["POST", "PUT", "PATCH", "DELETE"]


def token(app: str = "app1", **scope: Any) -> str:
    return mint([KEY], InteractionToken(app=app, **scope or {"message": "57"}))


def press(**data: Any) -> dict[str, Any]:
    return {**BODY, "data": {**DATA, **data}}


Begin = Callable[[Any], Callable[[], str]]
NOWHERE = "unix:///nowhere/redis.sock"
KEYS = {"COMETHOOKS_INTERACTION_KEYS": f"k1:{SECRET}"}


class Post:
    """Posts presses, and gives what comes back."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def __call__(
        self, body: Any = BODY, text: str | None = None, method: str = "POST", **headers: str
    ) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"/interactions/{token() if text is None else text}"
        return self._client.open(
            url,
            method=method,
            data=data,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
