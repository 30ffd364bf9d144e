"""Webhooks that are sent to a path which is not ours."""

from collections.abc import Iterator

from comethooks.doctor.finding import Finding, Level
from comethooks.doctor.posts import USER_AGENT
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.journal import Filter, Journal, Outcome, StoredRequest
from comethooks.workers.record import CREDENTIAL
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.texts import number_of

LOOKED_AT = 10_000
"""So many of the last samples."""
NAMED = 3
"""So many paths are named."""


def check_paths(journal: Journal, now: int) -> Iterator[Finding]:
    """Who called a path within the last day that nothing is routed at, and meant a webhook.

    `now` is in milliseconds. Raises the journal's errors.
    """
    asked = Filter(outcome=Outcome.REFUSED, answer=404, since=now - DAY_MS, limit=LOOKED_AT)
    callers: dict[str, bool] = {}
    for request in journal.requests(asked):
        path = request.headers.get("path")
        if path and _means_a_webhook(request):
            callers[path] = callers.get(path, False) or CREDENTIAL in request.headers
    if not callers:
        yield Finding("requests.paths", Level.OK, "nobody sends webhooks to another path")
    for path, is_known in list(callers.items())[:NAMED]:
        caller = "CometChat" if is_known else "somebody without the password"
        yield Finding(
            "requests.paths",
            Level.WARNING,
            f"{caller} calls {path}, which is not routed",
            f"enter {NAMES['public_url']} with {_meant_by(path)} behind it in the Dashboard, and"
            " let a proxy pass on that path as it is; see: comethooks requests list --status 404",
        )
    if (more := len(callers) - NAMED) > 0:
        yield Finding(
            "requests.paths", Level.WARNING, f"and {number_of(more, 'other path')} like that"
        )


def _meant_by(path: str) -> str:
    return "/moderation" if "moderat" in path.lower() else "/webhooks"


def _means_a_webhook(request: StoredRequest) -> bool:
    """Whoever has the password does; of others, those that post to what is called like one."""
    headers = request.headers
    if headers.get("user_agent") == USER_AGENT:
        return False
    is_called_so = "webhook" in headers["path"].lower() and headers.get("method") == "POST"
    return CREDENTIAL in headers or is_called_so
