"""What is in interactive messages: forms, cards and schedulers, with what completes them.

Elements, actions and goals are spelled as in CometChat's documentation.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from comethooks.samples.scene import Json, Scene

_CALLBACK = "https://app.example.org/interactions"


def form(scene: Scene) -> Json:
    """A form that is complete when all that it cannot do without is filled in."""
    content = {
        "title": "Who comes along?",
        "formFields": [
            _field(
                "textInput", "name", "Your name", placeholder={"text": "First and last"}, maxLines=1
            ),
            _field("textInput", "diet", "What you do not eat", optional=True),
            _choice("dropdown", "ferry", "Which ferry", "08:10", "09:40"),
            _choice("Select", "days", "Which days", "Saturday", "Sunday", optional=True),
        ],
        "submitElement": _button("submit", "Count me in", scene),
    }
    return _interactive(content, "allOf", "name", "ferry", "submit")


def card(scene: Scene) -> Json:
    """A picture with buttons, done with when either is pressed."""
    content = {
        "text": "The new timetable is out.",
        "imageUrl": "https://media.example.org/cards/timetable.webp",
        "cardActions": [
            _button("read", "Read it", scene),
            _link("later", "Remind me", "https://example.org"),
        ],
    }
    return _interactive(content, "anyOf", "read", "later")


def scheduler(scene: Scene) -> Json:
    """A choice of times, done with at the first thing that anybody does with it."""
    content = {
        "title": "Half an hour on the boat",
        "duration": 30,
        "timezoneCode": "Europe/Stockholm",
        "availability": {"monday": [{"from": "0900", "to": "1600"}]},
        "scheduleElement": _button("book", "Book", scene),
    }
    return _interactive(content, "anyAction")


def pressed(kind: str, element: str, entered: Callable[[Scene], Json]) -> Callable[[Scene], Json]:
    """Makes what a client tells of a button that somebody pressed, with what they had `entered`."""

    def make(scene: Scene) -> Json:
        return {
            "conversationId": scene.conversation_id,
            "sender": scene.sender.uid,
            "receiver": scene.receiver.id,
            "receiverType": scene.receiver_type,
            "messageCategory": "interactive",
            "messageType": kind,
            "messageId": int(scene.message_id()),
            "interactionTimezoneCode": "Europe/Stockholm",
            "interactedBy": scene.other.uid,
            "interactedElementId": element,
            **entered(scene),
        }

    return make


PRESSED: Mapping[str, Callable[[Scene], Json]] = MappingProxyType(
    {
        "form": pressed(
            "form",
            "submit",
            lambda scene: {
                "formData": {"name": scene.other.name, "ferry": "08:10", "days": ["saturday"]}
            },
        ),
        "card": pressed("card", "read", lambda scene: {}),
        "scheduler": pressed(
            "scheduler",
            "book",
            lambda scene: {
                "schedulerData": {"meetStartAt": scene.seconds + 86_400, "duration": 30}
            },
        ),
    }
)
"""Who pressed what, by the type of the message."""


def _interactive(content: Json, goal: str, *elements: str) -> Json:
    return {
        "interactiveData": content,
        "interactionGoal": {"type": goal, "elementIds": list(elements)},
        "allowSenderInteraction": False,
    }


def _field(kind: str, name: str, label: str, *, optional: bool = False, **more: Any) -> Json:
    return {"elementType": kind, "elementId": name, "optional": optional, "label": label, **more}


def _choice(kind: str, name: str, label: str, *choices: str, optional: bool = False) -> Json:
    options = [{"label": choice, "value": choice.lower()} for choice in choices]
    first = options[0]["value"]
    default = [first] if kind == "Select" else first
    return _field(kind, name, label, optional=optional, defaultValue=default, options=options)


def _button(name: str, text: str, scene: Scene) -> Json:
    """A button that calls an address which only this message knows."""
    url = f"{_CALLBACK}/{scene.token()}"
    action = {"actionType": "apiAction", "url": url, "method": "POST", "headers": {}, "payload": {}}
    return _pressed(name, text, action)


def _link(name: str, text: str, url: str) -> Json:
    return _pressed(name, text, {"actionType": "urlNavigation", "url": url})


def _pressed(name: str, text: str, action: Json) -> Json:
    return {
        "elementType": "button",
        "elementId": name,
        "buttonText": text,
        "disableAfterInteracted": True,
        "action": action,
    }
