"""What a route tells of an event."""

from dataclasses import dataclass
from typing import Any

from comethooks.schemas import Event, NotJsonError, masked
from comethooks.schemas.decoding import decode
from comethooks.workers.notify.rules import Route
from comethooks.workers.notify.sinks import WebhookSink
from comethooks.workers.texts import dumps


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told: a `text`, to a webhook with a `body` around it.

    `id` is the same whenever the route tells of the event: that of the event where the rule has no
    name of its own.
    """

    id: str
    text: str | None
    body: str | None

    @property
    def is_empty(self) -> bool:
        """Whether the template leaves nothing to say: then nothing is sent."""
        return self.text == ""


def notice_of(route: Route, event: Event) -> Notice:
    """What `route` tells of the event. Raises `TemplateFailedError`."""
    rule = route.rule
    text = rule.text.fill(event, place=f"{rule.place}.text") if rule.text else None
    # Two messages with one id would be one to whoever gets both.
    identifier = event.id if rule.name is None else f"{event.id}_{rule.name}"
    is_webhook = isinstance(route.sink, WebhookSink)
    return Notice(identifier, text, _body(event, text) if is_webhook else None)


def _body(event: Event, text: str | None) -> str:
    """JSON, as the specification of Standard Webhooks recommends it."""
    at = event.occurred_at or event.received_at
    document: dict[str, Any] = {
        "type": event.name or event.trigger,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": event.id,
        "app": event.app_id,
        "data": _data(event),
    }
    if text is not None:
        document["text"] = text
    return dumps(document, scrubs=True).decode()


def _data(event: Event) -> Any:
    """The body of the event without secrets; None when it is no JSON."""
    try:
        return masked(decode(event.raw))
    except NotJsonError:
        return None
