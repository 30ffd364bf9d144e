"""What `before_message` is answered. Whatever it is becomes part of the message, unless it is empty
or drops the message, so there is nothing else in it.
"""

from typing import Literal

import orjson

from comethooks.webhooks.decisions.decided import Decided
from comethooks.webhooks.receiving import ALLOW
from comethooks.workers.states import DecisionAction
from comethooks.workers.texts import dumps


class InFlightAnswers:
    """Answers as the settings have them: the one that drops a message, word for word, and the form
    of an annotation.
    """

    def __init__(self, drop_answer: str, annotations: Literal["plain", "wrapped"]) -> None:
        self._drop = drop_answer.encode()
        self._wraps = annotations == "wrapped"

    def document(self, decided: Decided, body: bytes) -> bytes:
        """The answer to the message in `body`, which has been accepted."""
        if decided.action is DecisionAction.DROP:
            return self._drop
        if decided.action is not DecisionAction.ANNOTATE or not decided.annotation:
            return ALLOW
        annotation = dict(decided.annotation)
        webhook = _webhook_of(body) if self._wraps else None
        if webhook is None:
            return dumps(annotation)
        return dumps({"@injected": {"webhooks": {webhook: annotation}}})


def _webhook_of(body: bytes) -> str | None:
    """The id of the webhook that a body came by; None when it does not say so."""
    try:
        webhook = orjson.loads(body)["webhook"]
    except (ValueError, KeyError, TypeError):
        return None
    return webhook if isinstance(webhook, str) and webhook else None
