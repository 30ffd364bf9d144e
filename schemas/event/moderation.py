"""What moderation asks, what it decided about a message, or why it could not. Times are UTC."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from comethooks.schemas.event.messages import Message
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import View, flag, lazy, object_in, objects_in, text, time
from comethooks.schemas.wire.rules import to_text


class Moderation(View):
    """What moderation decided about `event.message`, or why it could not."""

    _shown: ClassVar[tuple[str, ...]] = ("status",)

    def __init__(self, wire: Mapping[str, Any], status: str) -> None:
        """`wire` is the `data` of a body, `status` what the event itself says."""
        super().__init__(wire)
        self.__dict__["_told"] = status

    _told: str
    reviewed = flag("reviewed")
    """Whether a person looked at it."""
    outcome = text("outcome")
    """What became of a message that could not be judged."""
    completed_at = time("completedAt")

    @lazy
    def status(self: "Moderation") -> str:
        """`approved`, `disapproved`, `pending`, or `failed`."""
        message = object_in(self._wire.get("message"))
        found = object_in(object_in(message.get("data")).get("moderation")).get("status")
        return to_text(found) or self._told

    @lazy
    def rules(self: "Moderation") -> tuple[Mapping[str, Any], ...]:
        """The rules that the message met, each with its `id` and `name`, read-only."""
        rules = (object_in(item.get("rule")) for item in objects_in(self._wire.get("moderation")))
        return tuple(ReadOnlyDict(rule) for rule in rules if rule)

    @lazy
    def failures(self: "Moderation") -> tuple[Mapping[str, Any], ...]:
        """What went wrong, each with a `category` and an `errorMessage`, read-only."""
        return tuple(ReadOnlyDict(item) for item in objects_in(self._wire.get("failures")))


def context_in(messages: Any) -> tuple[tuple[str, str], ...]:
    """Who said what before the message under review, which is the last of `messages`."""
    before = messages[:-1] if isinstance(messages, list) else []
    said = (pair for entry in before if isinstance(entry, dict) for pair in entry.items())
    return tuple(
        (uid, Message(what).text if isinstance(what, dict) else what)
        for uid, what in said
        if isinstance(what, dict) or to_text(what)
    )


STATUS_CALLED = {"manually_approved": "approved", "blocked": "disapproved"}
"""CometChat's word for what the canonical name of an event says in another one."""

CUSTOM_API = "custom_api"
"""What CometChat calls the engine of a list that asks a URL of its app's."""
FAILURE_CATEGORIES = (
    "http_4xx",
    "http_5xx",
    "timeout",
    "connection_error",
    "invalid_response",
    "not_configured",
)
"""What CometChat calls the ways in which an engine fails."""


def failures_at(
    failures: Iterable[Mapping[str, Any]], *addresses: str
) -> tuple[Mapping[str, Any], ...]:
    """Those of the `failures` of a moderation that the Custom API at one of these URLs caused.

    CometChat names the URL that it called without its query.
    """
    places = {place for address in addresses if (place := _place(address))}
    return tuple(failure for failure in failures if _asked_at(failure) in places)


def asked_url(failure: Mapping[str, Any]) -> str | None:
    """The URL of the Custom API that failed; None for another engine, and when nobody says."""
    context = failure.get("context")
    if not isinstance(context, Mapping) or context.get("engine") != CUSTOM_API:
        return None
    request = context.get("request")
    return to_text(request.get("url")) if isinstance(request, Mapping) else None


def _asked_at(failure: Mapping[str, Any]) -> tuple[str, int | None, str] | None:
    url = asked_url(failure)
    return None if url is None else _place(url)


def _place(url: str) -> tuple[str, int | None, str] | None:
    """Host, port and path of a URL; None when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port, parts.path.rstrip("/")) if parts.hostname else None


_PORTS = {"http": 80, "https": 443}
