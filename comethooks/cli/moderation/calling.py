"""CometChat's Chat REST API, as a command calls it, outside of a run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from comethooks.workers.cometchat.chat_api import ChatApi
from comethooks.workers.cometchat.origin import Origin
from comethooks.workers.cometchat.shared_limiter import shared_pacing
from comethooks.workers.presses.tokens import InteractionUrls
from comethooks.workers.settings.settings import Settings

_SECONDS = 15.0
"""How long a command waits for CometChat, with all attempts."""
_EACH_S = 5.0


@contextmanager
def chat_api(settings: Settings, app_id: str, *, event_id: str, by: str) -> Iterator[ChatApi]:
    """The calls of an app, on an event, made `by` a command."""
    import httpx  # only what is CometChat's is asked there

    app = next((each for each in settings.apps if each.id == app_id), None)
    end = time.monotonic() + _SECONDS
    with httpx.Client(timeout=_EACH_S, follow_redirects=False) as client:
        yield ChatApi(
            app,
            Origin(app_id, event_id, by),
            client,
            InteractionUrls(),
            shared_pacing(settings),
            lambda: end - time.monotonic(),
        )
