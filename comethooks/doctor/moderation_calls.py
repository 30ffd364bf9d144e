"""What CometChat tells of questions of its moderation that this service gave no decision on."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from comethooks.doctor.finding import Finding, Level
from comethooks.schemas import Moderation, NotJsonError, decode
from comethooks.schemas.event.moderation import asked_url, failures_at
from comethooks.schemas.wire.envelope import data_of
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.journal import Filter, Journal
from comethooks.workers.settings.addresses import masked_url, moderation_url, webhooks_url
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.texts import number_of, plain

LOOKED_AT = 1000
"""So many of the last events."""
_FAILED = "moderation_engine_failed"
_CHECK = "requests.moderation"
_REFUSED = "comethooks requests list --trigger moderation_requested --outcome refused"


def check_failures(public_url: str, journal: Journal, now: int) -> Iterator[Finding]:
    """What has failed within the last day at our public address: each kind, with what to do.

    `now` is in milliseconds. Raises the journal's errors.
    """
    asked = Filter(trigger=_FAILED, since=now - DAY_MS)
    counts: Counter[_Kind] = Counter()
    for body in islice(journal.bodies(asked), LOOKED_AT):
        counts.update(map(_kind, _failures(body.body, public_url)))
    if not counts:
        yield Finding(_CHECK, Level.OK, "CometChat tells of none that got no answer within a day")
    for kind, count in counts.most_common():
        told = f"{kind.category}, HTTP {kind.status}" if kind.status else kind.category
        detail = (
            f"CometChat asked {kind.url} in vain, {number_of(count, 'time')} within a day: {told}"
        )
        yield Finding(_CHECK, Level.WARNING, detail, _advice(kind, moderation_url(public_url)))


class _Kind(NamedTuple):
    url: str
    category: str
    status: int | None


def _failures(body: bytes, public_url: str) -> tuple[Mapping[str, Any], ...]:
    try:
        told = data_of(decode(body))
    except NotJsonError:
        return ()
    addresses = moderation_url(public_url), webhooks_url(public_url)
    return failures_at(Moderation(told, "failed").failures, *addresses)


def _kind(failure: Mapping[str, Any]) -> _Kind:
    category, status = failure.get("category"), failure.get("httpStatus")
    shown = plain(category[:40]) if isinstance(category, str) else "unknown"
    url = plain(masked_url(asked_url(failure) or "")[:200])
    return _Kind(url, shown, status if isinstance(status, int) else None)


def _advice(kind: _Kind, right: str) -> str:
    if kind.url.rstrip("/").endswith("/webhooks"):
        return (
            f"enter {masked_url(right)} in the list of the Dashboard: webhooks go to the other one"
        )
    return (
        _BY_STATUS.get(kind.status or 0)
        or _BY_CATEGORY.get(kind.category)
        or "see: comethooks events list --trigger moderation_engine_failed"
    )


_BY_STATUS: Mapping[int, str] = {
    401: f"enter a user and password of {NAMES['basic_auth']} in the list of the Dashboard",
    403: f"add ?app=ID of one of {NAMES['app_ids']} or {NAMES['apps']} to the URL in the list",
    404: "enter the public address with /moderation behind it, and let a proxy pass that on",
    422: f"add ?app=ID to the URL in the list; see: {_REFUSED}",
    503: f"see which decider fails, or set {NAMES['on_decision_failure']}=allow: {_REFUSED}",
}
_BY_CATEGORY: Mapping[str, str] = {
    "http_4xx": f"see why: {_REFUSED}",
    "http_5xx": "see the log of the web process, and whether the proxy in front reaches it",
    "timeout": (
        f"CometChat waits 2 s: lower {NAMES['decision_budget_ms']}, and see what else is slow:"
        " comethooks doctor --public-url"
    ),
    "connection_error": "see DNS, firewall and certificate: comethooks doctor --public-url",
    "invalid_response": "let nothing in front change the answer: it is JSON, and only ours",
    "not_configured": "enter URL, user and password in the list of the Dashboard",
}
