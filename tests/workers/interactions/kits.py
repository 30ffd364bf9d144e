"""What each kit posts for the same press, on messages that differ in nothing but their goals.

ines sent the messages to omar, who fills in what is asked for, and presses one button.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

APP, SENDER, USER = "2611fa0c", "ines", "omar"
NOW, MEETING = 1_760_000_000, 1_760_086_400
ZONE = "Europe/Berlin"

Body = dict[str, Any]

FORM: Body = {
    "title": "Who comes along?",
    "formFields": [
        {"elementType": "textInput", "elementId": "name", "label": "Name", "optional": False},
        {"elementType": "textInput", "elementId": "age", "label": "Age", "optional": True},
        {
            "elementType": "Select",
            "elementId": "days",
            "optional": True,
            "options": [{"label": "Saturday", "value": "sat"}, {"label": "Sunday", "value": "sun"}],
        },
        {
            "elementType": "dropdown",
            "elementId": "gender",
            "optional": False,
            "options": [{"label": "Female", "value": "f"}, {"label": "Male", "value": "m"}],
        },
    ],
    "submitElement": {"elementType": "button", "elementId": "submitButton", "buttonText": "Go"},
}
CARD: Body = {
    "text": "The ferry leaves at eight.",
    "cardActions": [
        {"elementType": "button", "elementId": "yes", "buttonText": "I am in"},
        {"elementType": "button", "elementId": "no", "buttonText": "Not this time"},
    ],
}
SCHEDULER: Body = {
    "title": "When do we meet?",
    "duration": 30,
    "timezoneCode": ZONE,
    "scheduleElement": {"elementType": "button", "elementId": "book", "buttonText": "Book"},
}
BUILT: Body = {
    "version": "1.0",
    "fallbackText": "The ferry leaves at eight.",
    "body": [
        {"id": "row", "type": "row", "items": [{"id": "yes", "type": "button", "label": "I am in"}]}
    ],
}
CONTENTS = {"form": FORM, "card": CARD, "scheduler": SCHEDULER}
PRESSED = {"form": "submitButton", "card": "yes", "scheduler": "book", "card-builder": "yes"}
"""The button of each message that is pressed."""

ANSWERS = {"name": "Omar", "age": "", "days": ["sat"], "gender": "m"}
"""What is in the fields when the form is sent off: nothing in `age`."""
LISTED = [{"elementId": each, "value": value} for each, value in ANSWERS.items()]


def goal(type: str, *element_ids: str) -> Body:
    """A goal as messages have it."""
    return {"type": type, "elementIds": [*element_ids]}


GOALS: Mapping[str, Mapping[str, Body | None]] = {
    "form": {
        "any": goal("anyAction"),
        "as the SDKs' constants are called": goal("ANY_ACTION"),
        "a field": goal("anyOf", "gender", "other"),
        "fields and button": goal("allOf", "name", "gender", "submitButton"),
        "the button": goal("allOf", "submitButton"),
        "an empty field": goal("anyOf", "age"),
        "an empty field, too": goal("allOf", "name", "age", "submitButton"),
        "anyOf nothing": goal("anyOf"),
        "allOf nothing": goal("allOf"),
        "none": goal("none"),
        "not said": None,
    },
    "card": {
        "any": goal("anyAction"),
        "either": goal("anyOf", "yes", "no"),
        "the button": goal("allOf", "yes"),
        "the other button": goal("anyOf", "no"),
        "both": goal("allOf", "yes", "no"),
        "none": goal("none"),
    },
    "scheduler": {
        "any": goal("anyAction"),
        "either": goal("anyOf", "book", "other"),
        "the button": goal("allOf", "book"),
        "another": goal("allOf", "book", "other"),
        "none": goal("none"),
    },
    "card-builder": {"it cannot have one": None},
}
"""Of each kind of message the goals that it may have, by what they ask for."""
MET = {
    "form": {
        "any",
        "as the SDKs' constants are called",
        "a field",
        "fields and button",
        "the button",
    },
    "card": {"any", "either", "the button"},
    "scheduler": {"any", "either", "the button"},
    "card-builder": set[str](),
}
"""Which of them are met when the answers come along with the press."""
BY_THE_BUTTON = {"any", "as the SDKs' constants are called", "the button"}
"""Which goals of a form are met when nothing but the button is known."""


def message(kind: str, asked: Body | None, number: int) -> Body:
    """The body that tells of the message with that id."""
    if kind == "card-builder":
        head: Body = {"category": "card", "type": "text"}
        data: Body = {"text": "The ferry leaves at eight.", "card": BUILT}
    else:
        head = {"category": "interactive", "type": kind}
        data = {"interactiveData": CONTENTS[kind]}
    if asked is not None:
        data["interactionGoal"] = asked
    told = {
        "id": f"{number}",
        "muid": f"muid-{number}",
        "conversationId": "ines_user_omar",
        "sender": SENDER,
        "receiver": USER,
        "receiverType": "user",
        "sentAt": NOW,
        "updatedAt": NOW,
        **head,
        "data": data,
    }
    return {"trigger": "message_sent", "appId": APP, "region": "eu", "data": {"message": told}}


@dataclass(frozen=True)
class Row:
    """What a kit posts for a press on a message, and what is to come of that.

    `scope` is what the token is of: the message's id, its muid, or the whole app; with `element`,
    the button, too. `met` are the goals that are completed. Where nothing names the user, he is the
    only possible one.
    """

    kind: str
    body: Callable[[int], Body]
    scope: str = "message"
    element: bool = False
    method: str = "POST"
    user_from: str = "interactedBy"
    answers: Mapping[str, Any] = field(default_factory=dict)
    has_meeting: bool = False
    timezone: str | None = ZONE
    problems: tuple[str, ...] = ()
    met: frozenset[str] | set[str] | None = None

    @property
    def completes(self) -> set[str]:
        """The goals that this press completes."""
        return set(MET[self.kind] if self.met is None else self.met)


def block(kind: str, number: int, **more: Any) -> Body:
    """What kits say of a press."""
    return {
        "conversationId": "ines_user_omar",
        "sender": SENDER,
        "receiver": USER,
        "receiverType": "user",
        "messageCategory": "interactive",
        "messageType": kind,
        "messageId": number,
        "interactionTimezoneCode": ZONE,
        "interactedBy": USER,
        "interactedElementId": PRESSED[kind],
        **more,
    }


def around(**more: Any) -> Body:
    """A body with what kits put around a press."""
    return {"appID": APP, "region": "eu", "trigger": "ui_message_interacted", **more}


SLOT = {"schedulerData": {"duration": 30, "meetStartAt": MEETING}}
SWAPPED = {"sender": USER, "receiver": SENDER}
"""React Native 4 has the two of a scheduler's press the other way round."""
AUTHORS = {"trip": {"pier": 2}}
"""A payload that the author of the message wrote."""

ROWS: Mapping[str, Row] = {
    "web form": Row(
        "form",
        lambda n: around(payload={}, data=block("form", n, formData=ANSWERS)),
        answers=ANSWERS,
    ),
    "web form with a payload, by PUT": Row(
        "form",
        lambda n: around(payload=AUTHORS, data=block("form", n, formData=ANSWERS)),
        method="PUT",
        answers=ANSWERS,
    ),
    "web form, URL by muid": Row(
        "form",
        lambda n: around(payload={}, data=block("form", n, formData=ANSWERS)),
        scope="muid",
        answers=ANSWERS,
    ),
    "web form, URL of the app": Row(
        "form",
        lambda n: around(payload={}, data=block("form", n, formData=ANSWERS)),
        scope="app",
        answers=ANSWERS,
    ),
    "web card": Row("card", lambda n: around(payload={}, data=block("card", n))),
    "web scheduler": Row(
        "scheduler",
        lambda n: around(payload={}, data=block("scheduler", n, **SLOT)),
        has_meeting=True,
    ),
    "Android form": Row(
        "form",
        lambda n: around(payload={}, data=block("form", n, sender="Ines R.", formData=LISTED)),
        answers=ANSWERS,
    ),
    "Android card, by PATCH": Row(
        "card",
        lambda n: around(payload=AUTHORS, data=block("card", n, sender="Ines R.")),
        method="PATCH",
    ),
    "Android scheduler": Row(
        "scheduler",
        lambda n: around(payload={}, data=block("scheduler", n, sender="Ines R.", **SLOT)),
        has_meeting=True,
    ),
    "iOS form": Row(
        "form", lambda n: around(trip=block("form", n, formData=LISTED)), answers=ANSWERS
    ),
    "iOS form with a payload": Row(
        "form",
        lambda n: around(payload=AUTHORS, CometChatData=block("form", n, formData=LISTED)),
        answers=ANSWERS,
    ),
    "iOS card": Row("card", lambda n: around(trip=block("card", n))),
    "iOS scheduler": Row(
        "scheduler", lambda n: around(trip=block("scheduler", n, **SLOT)), has_meeting=True
    ),
    "older iOS form": Row(
        "form",
        lambda n: around(payload=AUTHORS),
        element=True,
        user_from="only possible",
        timezone=None,
        met=BY_THE_BUTTON,
    ),
    "older iOS form, URL without the element": Row(
        "form",
        lambda n: around(payload=AUTHORS),
        user_from="only possible",
        timezone=None,
        problems=("it does not say what was pressed",),
        met=set(),
    ),
    "Flutter form": Row(
        "form", lambda n: around(payload={}, data=block("form", n), **ANSWERS), answers=ANSWERS
    ),
    "older Flutter form": Row(
        "form", lambda n: around(data=block("form", n), **ANSWERS), answers=ANSWERS
    ),
    "Flutter card": Row("card", lambda n: around(payload={}, data=block("card", n))),
    "older Flutter card, by DELETE": Row(
        "card", lambda n: around(data=block("card", n)), method="DELETE"
    ),
    "Flutter scheduler": Row(
        "scheduler",
        lambda n: around(payload={}, data=block("scheduler", n, **SLOT)),
        has_meeting=True,
    ),
    "React Native 4 form": Row(
        "form",
        lambda n: {**AUTHORS, "CometChatData": ANSWERS, "cometchatSenderUid": USER},
        element=True,
        user_from="cometchatSenderUid",
        answers=ANSWERS,
        timezone=None,
    ),
    "React Native 4 form with a dataKey": Row(
        "form",
        lambda n: {**AUTHORS, "answers": ANSWERS, "cometchatSenderUid": USER},
        element=True,
        user_from="cometchatSenderUid",
        answers=ANSWERS,
        timezone=None,
    ),
    "React Native 4 form, URL without the element": Row(
        "form",
        lambda n: {"CometChatData": ANSWERS, "cometchatSenderUid": USER},
        user_from="cometchatSenderUid",
        answers=ANSWERS,
        timezone=None,
        # What was filled in is known all the same.
        met={"any", "as the SDKs' constants are called", "a field"},
    ),
    "React Native 4 card": Row(
        "card",
        lambda n: {"CometChatData": {}, "cometchatSenderUid": USER},
        element=True,
        user_from="cometchatSenderUid",
        timezone=None,
    ),
    "React Native 4 scheduler": Row(
        "scheduler",
        lambda n: around(payload={}, data=block("scheduler", n, **SWAPPED, **SLOT)),
        has_meeting=True,
    ),
    "card of the category card, by the app's own code": Row(
        "card-builder",
        lambda n: around(
            data={"messageId": f"{n}", "interactedBy": USER, "interactedElementId": "yes"}
        ),
        element=True,
        timezone=None,
    ),
}
