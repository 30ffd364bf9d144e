"""Interactive messages and presses for the tests of what is kept of them."""

from dataclasses import replace
from typing import Any

from comethooks.workers.journal import SeenMessage, ToldPress
from comethooks.workers.presses.goals import FormElement, Goal, MessageFacts, Press

APP, MESSAGE, MUID, GROUP = "2611fa0c", "57", "muid-1", "hikers"
NOW = 1_760_000_000_000
DAY = 24 * 3600 * 1000
ELEMENTS = {"name": FormElement(wanted=True), "age": FormElement(), "submit": FormElement()}


def an_id(number: int) -> str:
    """The id of an event."""
    return f"00000000-0000-7000-8000-{number:012}"


def seen(
    *wanted: str, type: str = "allOf", group: str | None = None, as_of: int = NOW, **changed: Any
) -> SeenMessage:
    """A form that ines sent to omar, or to a group."""
    facts = MessageFacts(
        sender="ines",
        receiver_type="group" if group else "user",
        receiver=group or "omar",
        goal=Goal(type, wanted or ("name", "submit")),
        elements=ELEMENTS,
    )
    message = SeenMessage(
        app_id=APP,
        message_id=MESSAGE,
        as_of=as_of,
        facts=facts,
        conversation_id="ines_user_omar",
        category="interactive",
        wire={"id": MESSAGE},
    )
    return replace(message, **changed)


def press(
    number: int, element: str | None = "submit", user: str | None = "omar", **changed: Any
) -> ToldPress:
    """The press that event `number` tells of, a second after the one before."""
    answers = changed.pop("answers", {})
    at = NOW + 1000 * number
    pressed = Press(id=an_id(number), user=user, element_id=element, at=at, answers=answers)
    told = ToldPress(app_id=APP, message_id=MESSAGE, press=pressed, received_at=at)
    return replace(told, **changed)
