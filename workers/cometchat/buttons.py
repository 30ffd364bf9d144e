"""Buttons that call us: those of a message that have no address get one of ours.

Its token is of the message's muid, since the message has no id yet, and of the element: so a press
is known also from kits that say neither.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comethooks.schemas.sending import open_buttons, open_parts
from comethooks.schemas.wire.interactions import INTERACTED
from comethooks.workers.presses.tokens import InteractionToken, InteractionUrls
from comethooks.workers.settings.apps import App


@dataclass(frozen=True, slots=True)
class Buttons:
    """The buttons of a message of `app` with the given `muid`."""

    app: App
    muid: str
    urls: InteractionUrls

    def fill(self, content: Mapping[str, Any]) -> Iterator[str]:
        """Give an address to each button of an interactive message that calls nobody yet. Yields
        what is wrong.
        """
        for element, part in open_buttons(content):
            try:
                given = {"actionType": "apiAction", "method": "POST", **(part.get("action") or {})}
                part["action"] = {**given, "url": self._url(element)}
            except ValueError as error:
                yield f"data.interactiveData: the button {element!r:.60} gets no address: {error}"

    def fill_card(
        self, card: Mapping[str, Any], *, receiver: str, receiver_type: str
    ) -> Iterator[str]:
        """The same of a card, whose actions say themselves what the app's code is to send."""
        for element, part in open_parts(card):
            try:
                given = {"type": "apiCall", "method": "POST", **(part.get("action") or {})}
                part["action"] = {
                    "headers": {"Content-Type": "application/json"},
                    **given,
                    "url": self._url(element),
                    "body": {
                        "appID": self.app.id,
                        "region": self.app.region,
                        "trigger": INTERACTED,
                        "payload": given.get("body") or {},
                        "data": {
                            "receiver": receiver,
                            "receiverType": receiver_type,
                            "messageCategory": "card",
                            "messageType": "text",
                            "interactedElementId": element,
                        },
                    },
                }
            except ValueError as error:
                yield f"data.card: the element {element!r:.60} gets no address: {error}"

    def _url(self, element: str) -> str:
        token = InteractionToken(app=self.app.id, muid=self.muid, element=element)
        return self.urls.url(token)
