"""Whom an event can be told to."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from comethooks.workers.plugins.retry import Retry


@dataclass(frozen=True, slots=True)
class WebhookSink:
    """A URL that takes webhooks by the specification of Standard Webhooks."""

    kind: ClassVar[str] = "webhook"
    retry: ClassVar[Retry] = Retry(attempts=17, base=5, cap=24 * 3600)
    """The waits add up to three days at most, and to half of that more often than not."""

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """`whsec_…` each. All sign, the first one first."""


@dataclass(frozen=True, slots=True)
class AppriseSink:
    """A service that Apprise knows, by its URL."""

    kind: ClassVar[str] = "apprise"
    retry: ClassVar[Retry] = Retry(attempts=10, base=5, cap=1800)
    """About an hour and a half at most: it is for people, who look elsewhere by then."""

    name: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChatSink:
    """A user or a group of the app that the event is of."""

    kind: ClassVar[str] = "cometchat"
    retry: ClassVar[Retry] = AppriseSink.retry

    name: str
    receiver: str
    receiver_type: Literal["user", "group"]
    as_user: str | None = None
    """The uid of who writes; None: the app does."""


Sink = WebhookSink | AppriseSink | ChatSink
