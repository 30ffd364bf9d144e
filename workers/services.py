"""What the contexts of a worker process use together: HTTP connections, the journal, the streams."""

import threading
from typing import TYPE_CHECKING

from workers.context import Services
from workers.emitting import emitted_key
from workers.journal import Journal
from workers.record import Record
from workers.settings import Settings
from workers.streams import Streams

if TYPE_CHECKING:
    import httpx


def open_services(settings: Settings, journal: Journal) -> Services:
    """Services for this process. Nothing is connected before it is used; open them after a fork."""
    streams = Streams.open(settings)

    def emit(record: Record) -> str:
        return streams.accept(record, duplicate_key=emitted_key(record), has_time=True).id

    apps = {app.id: app for app in settings.apps}
    return Services(connect=Clients().client, once_keys=journal, emit=emit, apps=apps)


class Clients:
    """One HTTP client for all threads, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def client(self) -> "httpx.Client":
        """The client."""
        import httpx

        with self._lock:
            if self._client is None:
                self._client = httpx.Client()
            return self._client
