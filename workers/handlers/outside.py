"""What the contexts of handlers reach of the world: what those of a process use together, and what
one attempt has of its own.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from comethooks.schemas import Event
from comethooks.workers.clock import now_ms
from comethooks.workers.cometchat.calls import Pacing
from comethooks.workers.cometchat.chat_api import ChatApi
from comethooks.workers.cometchat.limiter import NoLimiter
from comethooks.workers.cometchat.origin import Origin
from comethooks.workers.handlers.effects import Effects
from comethooks.workers.handlers.http import Connect, Http
from comethooks.workers.handlers.once import OnceKeys
from comethooks.workers.presses.tokens import InteractionUrls
from comethooks.workers.record import Record
from comethooks.workers.settings.apps import App

if TYPE_CHECKING:
    from redis import Redis

    from comethooks.workers.journal import CaseJournal, InteractionJournal


class Emit(Protocol):
    """Keeps an event that a handler made."""

    def __call__(self, record: Record, *, attempt: int, replay: str | None) -> str:
        """Keep an event that was made in this attempt of a run, live or of a replay; its id.

        Raises `NotKeptError`.
        """


@dataclass(frozen=True, slots=True)
class Services:
    """What the contexts of a process use together."""

    connect: Connect
    """Gives the HTTP client, which is made when it is first needed."""
    once_keys: OnceKeys
    emit: Emit
    interactions: "InteractionJournal | None" = None
    """What is kept of interactive messages, for the plugin of that name."""
    cases: "CaseJournal | None" = None
    """The cases of moderation, and"""
    redis: "Redis | None" = None
    """where windows are counted, for the plugin `moderator`."""
    apps: Mapping[str, App] = field(default_factory=dict)
    """Those of which more than the id is known, by id."""
    max_body: int | None = None
    """Bytes that the body of an event may have that a handler makes; None: any number."""
    drop_secrets: bool = False
    """Whether secrets in it are replaced before it is kept."""
    interaction_urls: InteractionUrls = field(default_factory=InteractionUrls)
    """Makes URLs for the buttons of interactive messages."""
    pacing: Pacing = field(default_factory=Pacing)
    """When CometChat may be called."""
    media_hosts: tuple[str, ...] = ()
    """Where files of messages are beside CometChat's own hosts."""
    clock: Callable[[], int] = now_ms
    """Tells the time, in milliseconds since the epoch."""


class Outside:
    """What a context reaches of the world in one attempt, whose run ends in `seconds`.

    What most runs do not use is made when it is first used: many are as short as making it is.
    """

    __slots__ = (
        "__dict__",
        "_chat_api",
        "_dry_run",
        "_end",
        "effects",
        "ends_at",
        "event",
        "services",
    )

    def __init__(
        self, event: Event, services: Services, effects: Effects, seconds: float, *, dry_run: bool
    ) -> None:
        self.event = event
        self.services = services
        self.effects = effects
        self.ends_at = services.clock() / 1000 + seconds
        """When the run's time is over, in seconds since the epoch."""
        self._end = time.monotonic() + seconds
        self._dry_run = dry_run
        self._chat_api: ChatApi | None = None

    @cached_property
    def http(self) -> Http:
        """The requests of the attempt."""
        return Http(
            self.services.connect,
            self.effects,
            self.seconds_left,
            dry_run=self._dry_run,
        )

    def chat_api(self, app: App | None, handler: str) -> ChatApi:
        """The calls of CometChat's API in the attempt, as `app`."""
        if self._chat_api is None:
            origin = Origin(self.event.app_id, self.event.id, handler)
            pacing = self.services.pacing
            if self._dry_run:
                pacing = replace(pacing, limiter=NoLimiter())
            urls = self.services.interaction_urls
            hosts = self.services.media_hosts
            self._chat_api = ChatApi(app, origin, self.http, urls, pacing, self.seconds_left, hosts)
        return self._chat_api

    def seconds_left(self) -> float:
        """What is left of the run's time; below 0 when it is over."""
        return self._end - time.monotonic()

    @cached_property
    def token(self) -> str:
        """Of the attempt, for the keys that it takes."""
        return secrets.token_hex(8)

    @cached_property
    def made(self) -> set[str]:
        """The ids of the events that were emitted so far."""
        return set()
