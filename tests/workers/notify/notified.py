"""The plugin `notify` of a file, and what it is given."""

from pathlib import Path
from typing import Any

from comethooks.samples import APP_ID
from comethooks.workers.notify.notify_plugin import plugin_of
from comethooks.workers.plugins.plugin import Plugin
from tests.workers.notify.files import RULE, SINK, written

URL = "https://example.com/hook"
TWO_SINKS = RULE.replace('["orders"]', '["orders", "desk"]')
TOKEN = "k1.WyIyMzQ1YWJjIiwidSIsIm9yZGVyLTgiXQ." + "a" * 43


def notify(folder: Path, text: str = SINK + RULE) -> Plugin:
    """The plugin that a file of this text says."""
    return plugin_of(written(folder, text))


def message(text: str) -> dict[str, Any]:
    """A message of ada, in a body as CometChat posts it."""
    sent = {
        "id": "57",
        "conversationId": "group_hikers",
        "sender": "ada",
        "receiver": "hikers",
        "receiverType": "group",
        "category": "message",
        "type": "text",
        "sentAt": 1_760_000_000,
        "data": {"text": text},
    }
    return {"trigger": "message_sent", "appId": APP_ID, "data": {"message": sent}}
