"""What plugin authors import: `from comethooks import Plugin, Event, Context`, and what a failing run needs."""

from schemas import Event
from workers.apps import App
from workers.context import Context
from workers.plugin import Plugin
from workers.retry import Retry, RetryLater, Stop

__all__ = ["App", "Context", "Event", "Plugin", "Retry", "RetryLater", "Stop"]
