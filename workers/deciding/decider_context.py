"""What a decider gets beside the event."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from comethooks.workers.handlers.effects import Effects
from comethooks.workers.handlers.handler_log import HandlerLog
from comethooks.workers.handlers.http import Connect, Http
from comethooks.workers.plugins.config import Config
from comethooks.workers.settings.apps import App

if TYPE_CHECKING:
    import httpx
    from redis import Redis


@dataclass(frozen=True, slots=True)
class DeciderServices:
    """What the contexts of all deciders of a process use together."""

    connect: Connect
    """Gives the HTTP client, which is made when it is first needed."""
    apps: Mapping[str, App] = field(default_factory=dict)
    """Those of which more than the id is known, by id."""
    redis: "Redis | None" = None
    """For deciders that ship with us; None where there is no Redis."""


@dataclass(frozen=True, slots=True)
class DeciderContext:
    """What a decider gets beside the event: no effects but the requests that it needs to decide.

    The message is held back meanwhile, and may be asked about once more, so what is to happen once,
    or may take its time, belongs into a handler on the same trigger, which runs afterwards.
    """

    config: Config
    """The plugin's settings as attributes: `ctx.config.words`."""
    log: HandlerLog
    """A structlog logger that knows the event and the decider. Never give it a body or a secret."""
    decider: str
    """The decider's id, `plugin.function`."""
    app: App | None = None
    """The CometChat app that the event is of, as `COMETHOOKS_APPS` knows it. None when it does
    not.
    """
    dry_run: bool = False
    """Always false: a decider has no effects that could be left out."""
    _ends_at: float = field(default=0.0, repr=False)
    """Monotonic seconds."""
    _services: DeciderServices | None = field(default=None, repr=False)

    @property
    def deadline(self) -> datetime:
        """When nobody waits for its decision any more, in UTC."""
        return datetime.fromtimestamp(time.time() + self._seconds_left(), UTC)

    @property
    def http(self) -> Http:
        """HTTP requests, each of which has as long as is left: `ctx.http.post(url, json={…})`.

        Past the deadline they raise `httpx.ConnectTimeout`, and nothing is sent.
        """
        return Http(self._connect, Effects(self.config), self._seconds_left, dry_run=False)

    @property
    def cometchat(self) -> NoReturn:
        """Not here. Raises `RuntimeError`."""
        self._refuse("ctx.cometchat")

    def once(self, *_: Any, **__: Any) -> NoReturn:
        """Not here. Raises `RuntimeError`."""
        self._refuse("ctx.once")

    def emit(self, *_: Any, **__: Any) -> NoReturn:
        """Not here. Raises `RuntimeError`."""
        self._refuse("ctx.emit")

    def _refuse(self, name: str) -> NoReturn:
        raise RuntimeError(
            f"{name} is not for deciders: CometChat waits for them. Do it in a handler on the same"
            f" trigger, which runs afterwards and sees event.decision:"
            f' @plugin.on("before_message")'
        )

    def _seconds_left(self) -> float:
        return self._ends_at - time.monotonic()

    def _connect(self) -> "httpx.Client":
        if self._services is None:
            raise RuntimeError("this context was made by hand and reaches nothing")
        if self._seconds_left() <= 0:
            import httpx

            raise httpx.ConnectTimeout("nobody waits for this decision any more")
        return self._services.connect()
