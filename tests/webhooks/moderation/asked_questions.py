"""Questions as lists of CometChat's moderation ask them."""

import copy
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from comethooks.workers.record import Kind, Record
from tests.application import Kept
from tests.bodies import body
from tests.webhooks.samples import PASSWORD, USER, raw

ALLOWED = {"isMatchingCondition": False, "confidence": 0.0, "reason": ""}
SCAM = {"isMatchingCondition": True, "confidence": 0.97, "reason": "scam: free crypto"}
DROPPING = 'return Decision.drop("scam: free crypto", 0.97)'
BUDGET_SECONDS = 0.8
WithPlugin = Callable[..., FlaskClient]


def question(text: str = "Then I take it.", **fields: Any) -> dict[str, Any]:
    """What CometChat asks about a text."""
    asked: dict[str, Any] = copy.deepcopy(body("moderation_requested")["data"])
    message = asked["contextMessages"][-1]["harbor-ben"]
    message.update(fields)
    message["data"]["text"] = text
    return asked


def ask(client: FlaskClient, asked: Any = None, query: str = "", **options: Any) -> TestResponse:
    """The answer to a question of somebody with the password."""
    sent = asked if isinstance(asked, bytes) else raw(question() if asked is None else asked)
    known: dict[str, Any] = {"data": sent, "auth": (USER, PASSWORD), **options}
    return client.post(f"/moderation{query}", **known)


def decided(answer: TestResponse) -> Any:
    """What was decided."""
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return answer.json


def the_event(kept: Kept) -> Record:
    """The one event that was kept."""
    [record] = [each for each in kept() if each.kind is Kind.EVENT]
    return record


def the_first(kept: Kept) -> Record:
    """The event that was kept first."""
    return next(record for record in kept() if record.kind is Kind.EVENT)
