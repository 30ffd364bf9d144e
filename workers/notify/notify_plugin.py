"""The plugin `notify`, made of the file that `COMETHOOKS_NOTIFY_FILE` names: a handler for each
rule and each of its sinks. So what one sink does not take is told to no other again.
"""

from collections.abc import Callable
from pathlib import Path

from comethooks.schemas import Event
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.notify import apprise_sink, chat_sink, webhook_sink
from comethooks.workers.notify.notices import notice_of
from comethooks.workers.notify.notify_file import read_notify_file
from comethooks.workers.notify.rules import Route
from comethooks.workers.notify.sinks import AppriseSink, ChatSink
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.plugin import Plugin

NAME = "notify"


def plugin_of(path: Path, copy: Path | None = None) -> Plugin:
    """The plugin that the file at `path` says, or a `copy` of it that was kept.

    Raises `NotifyFileError`.
    """
    file = read_notify_file(copy or path, folder=path.parent)
    plugin = Plugin(NAME)
    plugin.where = f"{path}:1"
    for route in file.routes:
        plugin.add(handler_of(route, path, file.version))
    return plugin


def handler_of(route: Route, path: Path, version: str) -> Handler:
    """The handler that a route of the file at `path` becomes."""
    return Handler(
        id=f"{NAME}.{route.name}",
        plugin=NAME,
        function=_telling(route, version),
        patterns=route.rule.on,
        where=f"{path}:{route.rule.line}",
        retry=route.sink.retry,
        filters=route.rule.filters,
    )


def once_key(route: Route, event_id: str) -> str:
    """What is told at most once, or to a webhook until it is taken."""
    return f"{route.name} {event_id}"


def _telling(route: Route, version: str) -> Callable[[Event, Context], None]:
    def tell(event: Event, ctx: Context) -> None:
        # First, so that what a template lacks is known before anything is sent.
        told = notice_of(route, event)
        sink, key = route.sink, once_key(route, event.id)
        if told.is_empty:
            Inside(ctx).note("not sent: the text is empty")
        elif isinstance(sink, ChatSink):
            chat_sink.send(ctx, sink, told.text or "", key=key)
        elif isinstance(sink, AppriseSink):
            apprise_sink.send(ctx, sink, told.text or "", key=key)
        else:
            webhook_sink.send(ctx, event, sink, told, key=key, version=version)

    tell.__name__ = tell.__qualname__ = route.name
    return tell
