"""What plugin authors import: `from comethooks import Plugin, Event, Context`, and what a failing run needs."""

from comethooks.schemas import Event
from comethooks.workers.handlers.context import Context
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.retry import Retry, RetryLater, Stop
from comethooks.workers.settings.apps import App

__all__ = ["App", "Context", "Event", "Plugin", "Retry", "RetryLater", "Stop"]
