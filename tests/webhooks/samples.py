"""Bodies as CometChat sends them, and what a test needs to send them."""

import base64
import copy
import json
from typing import Any

USER, PASSWORD = "cometchat", "n0tASecret4Real"
MESSAGE: dict[str, Any] = {
    "trigger": "after_message",
    "data": {
        "id": "4711",
        "muid": "m-1",
        "conversationId": "group_harbour",
        "sender": "ada",
        "receiver": "harbour",
        "receiverType": "group",
        "category": "message",
        "type": "text",
        "data": {"text": "the tide is in"},
        "sentAt": 1_800_000_000,
        "updatedAt": 1_800_000_000,
    },
    "appId": "app1",
    "region": "eu",
    "webhook": "hook1",
}


def authorization(user: str = USER, password: str = PASSWORD) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def message(
    trigger: str = "after_message", *, app_id: str | None = "app1", **data: Any
) -> dict[str, Any]:
    """A message with some of its fields changed; a field that is `...` is left out."""
    body = copy.deepcopy(MESSAGE)  # whoever gets it may change all of it
    fields = {name: value for name, value in {**body["data"], **data}.items() if value is not ...}
    body |= {"trigger": trigger, "data": fields, "appId": app_id}
    if app_id is None:
        del body["appId"]
    return body


def in_flight(**data: Any) -> dict[str, Any]:
    """A message that waits for a decision: it has no id yet."""
    return message("before_message", id=..., updatedAt=..., **data)


def raw(body: Any) -> bytes:
    """A body on the wire."""
    return json.dumps(body).encode()
