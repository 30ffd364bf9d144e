"""What tests of plugins use: the way of an event through the engine, without a network, a server or
waiting.

The fixture `harness` gives a `Harness`; `comethooks.pytest_plugin` is the pytest plugin
that has it.
"""

from comethooks.samples.fields import Fields
from comethooks.testing.chat_app import ChatApp
from comethooks.testing.chat_state import ChatCall, MarkedElements, SentMessage
from comethooks.testing.clock import Clock
from comethooks.testing.delivery import Delivery, Run
from comethooks.testing.engine import TakenKeys
from comethooks.testing.errors import HarnessError, UnhandledError
from comethooks.testing.harness import Harness
from comethooks.testing.http_calls import Calls, Request
from comethooks.testing.interactions import Interactions
from comethooks.testing.silences import Silences
from comethooks.workers.deciding.combining import Ruling

__all__ = [
    "Calls",
    "ChatApp",
    "ChatCall",
    "Clock",
    "Delivery",
    "Fields",
    "Harness",
    "HarnessError",
    "Interactions",
    "MarkedElements",
    "Request",
    "Ruling",
    "Run",
    "SentMessage",
    "Silences",
    "TakenKeys",
    "UnhandledError",
]
