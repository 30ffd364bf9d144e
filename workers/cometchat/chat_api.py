"""`ctx.cometchat`: the Chat REST API of the app that the event is of."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from comethooks.workers.cometchat.calls import ApiCalls, Pacing, Requests
from comethooks.workers.cometchat.media import Media, MediaFiles, Streaming
from comethooks.workers.cometchat.message_calls import MessageCalls
from comethooks.workers.cometchat.message_sending import MessageSending
from comethooks.workers.cometchat.origin import Origin
from comethooks.workers.cometchat.people_calls import PeopleCalls
from comethooks.workers.cometchat.review_calls import ReviewCalls
from comethooks.workers.presses.tokens import InteractionUrls
from comethooks.workers.settings.apps import App


class ChatRequests(Requests, Streaming, Protocol):
    """What everything goes through: `ctx.http`."""


class ChatApi(MessageSending, MessageCalls, PeopleCalls, ReviewCalls):
    """Calls of the Chat REST API of the event's app, with its key of `COMETHOOKS_APPS`.

    Everything goes through `ctx.http`: it ends with the run, is recorded, and a dry run sends
    nothing. Every method raises `CometChatError`; what is not caught has the run tried again or
    ends it, as `workers.cometchat.api_errors` says.
    """

    def __init__(
        self,
        app: App | None,
        origin: Origin,
        requests: ChatRequests,
        urls: InteractionUrls,
        pacing: Pacing,
        seconds_left: Callable[[], float],
        media_hosts: tuple[str, ...] = (),
    ) -> None:
        self._origin = origin
        self._calls = ApiCalls(app, origin.app_id, requests, pacing, seconds_left)
        self._urls = urls
        self._muids = set()
        self._files = MediaFiles(self._calls, requests, media_hosts, seconds_left)

    def media(self, url: str) -> AbstractContextManager[Media]:
        """The file of a message, as `event.message.attachments` and the like name it.

            with ctx.cometchat.media(event.message.attachments[0].url) as media:
                for chunk in media:
                    ...

        It is fetched as it is read, while the run has time, and at most 100 MB of it. Only from
        CometChat's hosts, and those of `COMETCHAT_MEDIA_HOSTS`, over https: anybody may write a URL
        into a message. In a dry run it is empty.
        """
        return self._files.opened(url)
