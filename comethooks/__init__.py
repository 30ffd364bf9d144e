"""What plugin authors import: `from comethooks import Plugin, Event, Context`, and what a failing
run needs.

The names are loaded when they are first asked for, so importing this package costs nothing. Tests
of plugins use `comethooks.testing`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comethooks.schemas import CallEvent as CallEvent
    from comethooks.schemas import CampaignEvent as CampaignEvent
    from comethooks.schemas import CompletionEvent as CompletionEvent
    from comethooks.schemas import Event as Event
    from comethooks.schemas import GroupEvent as GroupEvent
    from comethooks.schemas import InteractionEvent as InteractionEvent
    from comethooks.schemas import MessageEvent as MessageEvent
    from comethooks.schemas import ModerationEvent as ModerationEvent
    from comethooks.schemas import NotificationEvent as NotificationEvent
    from comethooks.schemas import PresenceEvent as PresenceEvent
    from comethooks.schemas import ReactionEvent as ReactionEvent
    from comethooks.schemas import ReceiptEvent as ReceiptEvent
    from comethooks.schemas import RecordingEvent as RecordingEvent
    from comethooks.schemas import SilenceEvent as SilenceEvent
    from comethooks.schemas import Vote as Vote
    from comethooks.workers.cometchat.api_errors import ApiRefusedError as ApiRefusedError
    from comethooks.workers.cometchat.api_errors import CometChatError as CometChatError
    from comethooks.workers.deciding.decider_context import DeciderContext as DeciderContext
    from comethooks.workers.handlers.context import Context as Context
    from comethooks.workers.handlers.run import HandlerTimeoutError as HandlerTimeoutError
    from comethooks.workers.plugins.deciders.decision import Decision as Decision
    from comethooks.workers.plugins.plugin import Plugin as Plugin
    from comethooks.workers.plugins.plugin_errors import PluginError as PluginError
    from comethooks.workers.plugins.retry import Retry as Retry
    from comethooks.workers.plugins.retry import RetryLater as RetryLater
    from comethooks.workers.plugins.retry import Stop as Stop
    from comethooks.workers.settings.apps import App as App
    from comethooks.workers.streams.accepted import NotKeptError as NotKeptError

_HOMES = {
    "ApiRefusedError": "workers.cometchat.api_errors",
    "App": "workers.settings.apps",
    "CometChatError": "workers.cometchat.api_errors",
    "Context": "workers.handlers.context",
    "DeciderContext": "workers.deciding.decider_context",
    "Decision": "workers.plugins.deciders.decision",
    "Event": "schemas",
    "CallEvent": "schemas",
    "CampaignEvent": "schemas",
    "CompletionEvent": "schemas",
    "GroupEvent": "schemas",
    "InteractionEvent": "schemas",
    "MessageEvent": "schemas",
    "ModerationEvent": "schemas",
    "NotificationEvent": "schemas",
    "PresenceEvent": "schemas",
    "ReactionEvent": "schemas",
    "ReceiptEvent": "schemas",
    "RecordingEvent": "schemas",
    "SilenceEvent": "schemas",
    "Vote": "schemas",
    "HandlerTimeoutError": "workers.handlers.run",
    "NotKeptError": "workers.streams.accepted",
    "Plugin": "workers.plugins.plugin",
    "PluginError": "workers.plugins.plugin_errors",
    "Retry": "workers.plugins.retry",
    "RetryLater": "workers.plugins.retry",
    "Stop": "workers.plugins.retry",
}
"""Each name, and the module below this package that has it."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
