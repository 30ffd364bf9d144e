"""What the contexts of a worker process use together: HTTP connections, the journal, the
streams.
"""

import threading
from typing import TYPE_CHECKING

from comethooks.workers.handlers.context import Services
from comethooks.workers.journal import Journal
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.replays.emitted_events import EmittedEvents
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accept import Streams

if TYPE_CHECKING:
    import httpx


def open_services(settings: Settings, journal: Journal, plugins: Plugins | None = None) -> Services:
    """Services for this process, which runs the handlers of `plugins`, in replays too.

    Nothing is connected before it is used; open them after a fork.
    """
    return Services(
        connect=Clients().client,
        once_keys=journal,
        emit=EmittedEvents(Streams.open(settings), journal, plugins or Plugins()).keep,
        apps={app.id: app for app in settings.apps},
        max_body=settings.max_body,
        drop_secrets=settings.drop_secrets,
    )


class Clients:
    """One HTTP client for all threads, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def client(self) -> "httpx.Client":
        """The client."""
        from comethooks.workers.handlers.http_client import new_client

        with self._lock:
            if self._client is None:
                self._client = new_client()
            return self._client
