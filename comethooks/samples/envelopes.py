"""What bodies have beside their trigger, their data and their app."""

from collections.abc import Mapping
from types import MappingProxyType

from comethooks.samples.people import BOT as _BOT

Envelope = Mapping[str, object]

_REGION = {"region": "eu"}
_WEBHOOK = {"webhook": "comethooks-send"}
_OLD = {**_REGION, "origin": {"platform": "WEBSOCKET"}, "chatAPIVersion": "3.0"}
_CLIENT = {"platform": "WEB", "language": "en-GB", "resource": "WEB-4_1_0"}

CURRENT: Envelope = MappingProxyType({**_REGION, **_WEBHOOK})
"""Current webhooks."""
LEGACY: Envelope = MappingProxyType({**_OLD, **_WEBHOOK})
"""Legacy webhooks."""
BOT: Envelope = MappingProxyType({**_OLD, "origin": _CLIENT, "bot": _BOT.uid})
"""Callbacks to a bot, which name it in the place of a webhook."""
PROVIDER: Envelope = MappingProxyType({**_REGION, "webhook": "custom"})
"""What is for an app's own provider of notifications."""

CLIENT: Envelope = MappingProxyType({**_REGION, "payload": {}})
"""What the client of an end user posts to the address of a button."""


def session(kind: str) -> Envelope:
    """Sessions of the kind `call` or `meet`, which stands at the top."""
    return MappingProxyType({"type": kind, **CURRENT})
