"""Errors as answers: problem documents (RFC 9457) whose detail says what to do."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from comethooks.schemas.masking import without_tokens
from comethooks.workers.texts import dumps

PROBLEM_TYPE = "application/problem+json"
MAX_PATHS = 100
"""Paths of a body that one answer names; a body can be wrong in many thousand places."""

DETAILS = {
    404: (
        "There is nothing here; webhooks go to POST /webhooks, what moderation asks to POST"
        " /moderation."
    ),
    405: "This method is not allowed here; the header Allow names those that are.",
    500: "Something unexpected happened here; the log names the place under this request id.",
}
"""What the answer of a status says, whatever the route."""

Errors = Mapping[str, Sequence[str]]
"""Dotted path in a body, to what is wrong there."""


def problem(status: int, detail: str, *, request_id: str, errors: Errors | None = None) -> bytes:
    """The body of a problem document."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": without_tokens(detail),
        "request_id": request_id,
    }
    if errors is not None:
        document["errors"] = first(errors)
    return dumps(document)


def first(errors: Errors) -> Errors:
    """The first of the errors; the key "…" says how many are left out."""
    if len(errors) <= MAX_PATHS:
        return errors
    shown: dict[str, Sequence[str]] = {path: errors[path] for path in list(errors)[:MAX_PATHS]}
    shown["…"] = [f"and {len(errors) - MAX_PATHS} more"]
    return shown
