"""What would be told of an event, without telling it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from comethooks.schemas import Event
from comethooks.workers.handlers.effects import address
from comethooks.workers.handlers.once import OnceKeys
from comethooks.workers.notify.apprise_sink import scheme_of, service_of
from comethooks.workers.notify.gone import gone_claim, is_gone
from comethooks.workers.notify.notices import notice_of
from comethooks.workers.notify.notify_plugin import handler_of, once_key
from comethooks.workers.notify.rules import NotifyFile, Route
from comethooks.workers.notify.sink_errors import NoServiceError
from comethooks.workers.notify.sinks import AppriseSink, ChatSink, Sink, WebhookSink
from comethooks.workers.notify.webhook_sink import AFTER_GONE
from comethooks.workers.plugin_files.templates import TemplateFailedError
from comethooks.workers.record import Record, event_of
from comethooks.workers.states import OnceState


@dataclass(frozen=True, slots=True)
class Preview:
    """What a route would do. `reason` says why it would send nothing, `problem` why it could not.

    `to` is whom, as it may be shown. `body` is what a webhook holds, and `id` its id.
    """

    handler: str
    rule: str
    kind: str
    to: str
    reason: str | None = None
    problem: str | None = None
    text: str | None = None
    id: str | None = None
    body: Mapping[str, Any] | None = None

    @property
    def sends(self) -> bool:
        """Whether something would be sent."""
        return self.reason is None and self.problem is None


def previews(
    file: NotifyFile,
    path: Path,
    record: Record,
    *,
    taken: Mapping[tuple[str, str], OnceState],
    keys: OnceKeys,
    now: int,
) -> Iterator[Preview]:
    """One for each route of the file at `path`. `taken` are the keys that runs on the event took,
    each with the handler, and `keys` where they are kept.
    """
    for route in file.routes:
        handler = handler_of(route, path, file.version)
        to, kind = shown_address(route.sink), route.sink.kind
        reason = handler.why_unwanted(record)
        preview = Preview(handler.id, route.rule.place, kind, to, reason)
        if reason is not None:
            yield preview
            continue
        state = taken.get((handler.id, once_key(route, record.id)))
        gone = gone_claim(route.sink, file.version, event_id=record.id, handler=handler.id, now=now)
        if state is OnceState.DONE:
            reason = "it was told already"
        elif state is not None and not isinstance(route.sink, WebhookSink):
            reason = "nobody knows whether it was told already"
        elif is_gone(keys, gone):
            reason = f"{route.sink.name} {AFTER_GONE}"
        yield _filled_in(replace(preview, reason=reason), route, event_of(record))


def shown_address(sink: Sink) -> str:
    """Whom a sink tells, without what is secret of it."""
    if isinstance(sink, ChatSink):
        return f"{sink.receiver_type} {sink.receiver}"
    return f"{scheme_of(sink)}://" if isinstance(sink, AppriseSink) else address(sink.url)


def _filled_in(preview: Preview, route: Route, event: Event) -> Preview:
    try:
        told = notice_of(route, event)
        if isinstance(route.sink, AppriseSink):
            service_of(route.sink)
    except (TemplateFailedError, NoServiceError) as error:
        return replace(preview, reason=None, problem=str(error))
    if told.is_empty:
        return replace(preview, reason=preview.reason or "the text is empty")
    if told.body is None:
        return replace(preview, text=told.text)
    return replace(preview, text=told.text, id=told.id, body=json.loads(told.body))
