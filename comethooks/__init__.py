"""What plugin authors import: `from comethooks import Plugin, Event, Context`."""

from schemas import Event
from workers.plugin import Context, Plugin

__all__ = ["Context", "Event", "Plugin"]
