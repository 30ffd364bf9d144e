"""What goes back over HTTP: JSON documents and problem documents."""

from collections.abc import Mapping

from flask import Response

from comethooks.webhooks.problems import PROBLEM_TYPE


def json_reply(document: bytes, status: int = 200) -> Response:
    """A JSON document."""
    return Response(document, status, content_type="application/json")


def problem_reply(
    document: bytes, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document, and the headers that go with it."""
    return Response(document, status, headers, content_type=PROBLEM_TYPE)
