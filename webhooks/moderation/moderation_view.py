"""What is done with a `POST /moderation`: it is decided on and kept as webhooks are, and answered
as CometChat wants a Custom API to answer.
"""

from dataclasses import replace
from functools import lru_cache
from wsgiref.types import WSGIEnvironment

from comethooks.webhooks.decisions.decided import DEFERRED, Decided
from comethooks.webhooks.decisions.deciding import Deciding
from comethooks.webhooks.http_call import HttpCall
from comethooks.webhooks.keeping import Keeping
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.moderation.questions import Questions
from comethooks.webhooks.receiving import Verdict
from comethooks.webhooks.replies import HttpReply
from comethooks.webhooks.sources import Source
from comethooks.webhooks.view import ReceivingView
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import DecisionAction
from comethooks.workers.texts import cut, dumps

PATH = "/moderation"
LONGEST_REASON = 200
"""Characters of a reason that CometChat is told."""
_MOST_URLS = 256
"""So many URLs are read once; an app has up to 25 lists."""


class ReviewAnswers:
    """Answers to questions. An annotation means nothing to who asks: the message is delivered."""

    def document(self, decided: Decided, body: bytes) -> bytes:
        """The answer that says what was decided."""
        is_met = decided.action is DecisionAction.DROP
        return dumps(
            {
                "isMatchingCondition": is_met,
                "confidence": decided.confidence if is_met else 0.0,
                "reason": cut(decided.reason, LONGEST_REASON) if is_met else "",
            }
        )


class ModerationView(ReceivingView):
    """Receives what lists of CometChat's moderation ask."""

    def __init__(
        self, settings: Settings, keeping: Keeping, metrics: Metrics, deciding: Deciding
    ) -> None:
        source = Questions(settings)
        super().__init__(source, settings, keeping, metrics, deciding, ReviewAnswers())
        self._asked_at = lru_cache(_MOST_URLS)(lambda query: Questions(settings, query))

    def _source_of(self, environ: WSGIEnvironment) -> Source:
        return self._asked_at(environ.get("QUERY_STRING", ""))

    def _answer_decided(self, call: HttpCall, verdict: Verdict, decided: Decided) -> HttpReply:
        if decided.deferred:
            verdict = replace(verdict, refusal=DEFERRED, in_flight=False)
        return super()._answer_decided(call, verdict, decided)
