"""Messages in flight, and panels to decide on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from comethooks import schemas
from comethooks.testing.configuring import loaded
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.handlers.http_client import new_client
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record, event_record

SERVICES = DeciderServices(connect=new_client)
FOREVER = 10.0
"""Seconds that a test waits for what is to come."""


def in_flight(text: str = "hello", *, sender: str = "ada", **more: Any) -> Record:
    """A message that CometChat holds back."""
    message = {
        "sender": sender,
        "receiver": "grace",
        "receiverType": "user",
        "category": "message",
        "type": "text",
        "sentAt": 1_790_000_000,
        "data": {"text": text, **more},
    }
    body = orjson.dumps({"trigger": "before_message", "appId": "app", "data": message})
    parsed = schemas.parse(schemas.decode(body), body)
    return event_record(parsed, id="01a22656-d3f3-7700-ad4f-5b31e55c7b44", received_at=1, body=body)


@contextmanager
def panel_of(*plugins: Plugin, budget_ms: int = 800, **options: Any) -> Iterator[Panel]:
    """The deciders of these plugins, at work."""
    deciders = [bound for plugin in plugins for bound in loaded(plugin, {}, 1).deciders]
    panel = Panel(deciders, services=SERVICES, budget_ms=budget_ms, **options)
    try:
        yield panel
    finally:
        panel.close()
