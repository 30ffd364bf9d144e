"""Calls of the application, and problems that it answers."""

import json
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.webhooks.samples import authorization, raw


def post(client: FlaskClient, body: Any, **headers: str | None) -> TestResponse:
    """Send a webhook; a header that is None is left out."""
    sent = {"Content-Type": "application/json", "Authorization": authorization()}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else raw(body)
    return client.post(
        "/webhooks", data=data, headers={k: v for k, v in sent.items() if v is not None}
    )


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem document of a response that is one in every respect."""
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = json.loads(response.data)
    assert document["type"] == "about:blank"
    assert document["status"] == response.status_code
    assert document["title"]
    assert document["detail"].endswith(".")
    assert document["request_id"] == response.headers["X-Request-Id"]
    return document
