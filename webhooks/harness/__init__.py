"""What tests of plugins use: the way of an event through the engine, without a network, a server or waiting.

The fixture `harness` gives a `Harness`; `webhooks.pytest_harness` is the pytest plugin that has it.
"""

from webhooks.harness.bodies import Fields
from webhooks.harness.calls import Calls, Request
from webhooks.harness.clock import Clock
from webhooks.harness.delivery import Delivery, Run
from webhooks.harness.errors import HarnessError, UnhandledError
from webhooks.harness.harness import Harness
from webhooks.harness.once_keys import OnceKeys

__all__ = [
    "Calls",
    "Clock",
    "Delivery",
    "Fields",
    "Harness",
    "HarnessError",
    "OnceKeys",
    "Request",
    "Run",
    "UnhandledError",
]
