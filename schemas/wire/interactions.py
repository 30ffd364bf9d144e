"""What the kits of end users post when somebody presses a button of an interactive message.

Each kit writes it in a way of its own (their published source, 2026):

- Documented, and written so by the web kits and Android: the press is in `data`, with the answers
  to a form in `data.formData`, an object, or on Android and newer iOS a list of
  `{"elementId": …, "value": …}`, and the slot of a scheduler in `data.schedulerData`.
- iOS puts the press under a key that the message's author chose; forms of older releases post no
  press at all, only what is around it.
- Flutter merges the answers into the top of the body.
- React Native 4, for a form or card, has neither trigger nor app nor press: the author's own
  payload, an object with the answers under a key that the author chose, and `cometchatSenderUid`.

All of it comes from a device, so every value is what somebody says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from comethooks.schemas.wire.rules import to_id, to_milliseconds, to_object, to_party, to_text

INTERACTED = "ui_message_interacted"
"""The trigger that kits send, but for React Native 4."""
MAX_ELEMENTS = 200
"""Answers of one press that are read."""
MAX_ID_BYTES = 1000
"""An id with more, in UTF-8, is not read."""
BY_KIT, BY_SENDER_UID = "interactedBy", "cometchatSenderUid"
"""What the body names the user as."""

_ELEMENT = "interactedElementId"
_OF_PRESS = (
    *("conversationId", "messageId", BY_KIT, _ELEMENT, "interactedAt", "interactionTimezoneCode"),
    *("formData", "schedulerData"),
)
"""What says something of a press, in its block or, if it is not there, beside it."""
_USUAL_DATA_KEY = "CometChatData"
_AROUND = frozenset(
    (
        *("appID", "appId", "region", "region?", "trigger", "payload", "data", "webhook"),
        *(BY_SENDER_UID, *_OF_PRESS),
    )
)
"""What stands around a press, and is no answer."""


@dataclass(frozen=True, slots=True)
class WirePress:
    """What a body says of a press; what it does not say is None.

    `user_from` is the key that the user was under: `interactedBy` or `cometchatSenderUid`.
    `answers` are by element, as they came. `slot` is what was chosen of a scheduler, `pressed_at`
    milliseconds since the epoch. `problems` says what was left out, and why. `unread` are the
    attributes of ids that the body has, and that are too long to be read.
    """

    app_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    element_id: str | None = None
    user: str | None = None
    user_from: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    slot: Mapping[str, Any] = field(default_factory=dict)
    timezone: str | None = None
    pressed_at: int | None = None
    problems: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()


def press_in(body: Mapping[str, Any]) -> WirePress:
    """What a decoded body says of a press. Never raises, whatever is in it."""
    if body.get("trigger") != INTERACTED and BY_SENDER_UID in body:
        return _without_a_press(body)
    return _press(body)


def _press(body: Mapping[str, Any]) -> WirePress:
    ids = _Ids()
    found = _block_of(body)
    block = {key: _first(found.get(key), body.get(key), but=found) for key in _OF_PRESS}
    user = ids.read(to_party(block.get(BY_KIT)))
    given = None if user else ids.read(to_party(body.get(BY_SENDER_UID)))
    form = block.get("formData")
    answers = ids.answers(_told(form) if form is not None else _merged(body, found))
    return WirePress(
        app_id=ids.read(to_id(body.get("appID")) or to_id(body.get("appId")), "app_id"),
        conversation_id=ids.read(to_id(block.get("conversationId"))),
        message_id=ids.read(to_id(block.get("messageId")), "message_id"),
        element_id=ids.read(to_id(block.get(_ELEMENT))),
        user=user or given,
        user_from=BY_KIT if user else BY_SENDER_UID if given else None,
        answers=answers,
        slot=to_object(block.get("schedulerData")) or {},
        timezone=ids.read(to_text(block.get("interactionTimezoneCode"))),
        pressed_at=to_milliseconds(block.get("interactedAt")),
        problems=tuple(ids.problems),
        unread=frozenset(ids.unread),
    )


def _without_a_press(body: Mapping[str, Any]) -> WirePress:
    """What React Native 4 writes. `appId` is no app there: it is of the author's own payload."""
    ids = _Ids()
    user = ids.read(to_party(body[BY_SENDER_UID]))
    named = body.get(_USUAL_DATA_KEY)
    # The kit adds the answers behind the author's payload, so of several objects it is the last.
    objects = [item for item in body.values() if isinstance(item, dict)]
    answers = named if isinstance(named, dict) else objects[-1] if objects else {}
    return WirePress(
        app_id=ids.read(to_id(body.get("appID")), "app_id"),
        user=user,
        user_from=BY_SENDER_UID if user else None,
        answers=ids.answers(answers.items()),
        problems=tuple(ids.problems),
        unread=frozenset(ids.unread),
    )


def _block_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that tells of the press; the body itself where there is none."""
    data = body.get("data")
    if isinstance(data, dict) and data:
        return data
    named = (item for item in body.values() if isinstance(item, dict) and _ELEMENT in item)
    return next(named, body)


def _first(told: Any, beside: Any, *, but: Mapping[str, Any]) -> Any:
    """What a block tells or, if that is nothing, what stands beside it and is not it."""
    return beside if told is None and beside is not but else told


def _told(form: Any) -> Iterable[tuple[Any, Any]]:
    """The answers in `formData`, an object or a list of objects."""
    if isinstance(form, dict):
        return form.items()
    entries = form if isinstance(form, list) else []
    return (
        (item.get("elementId"), item.get("value")) for item in entries if isinstance(item, dict)
    )


def _merged(body: Mapping[str, Any], block: Mapping[str, Any]) -> Iterable[tuple[Any, Any]]:
    """What stands at the top of a body beside everything that belongs there: Flutter's answers."""
    if block is body:
        return ()
    return ((key, item) for key, item in body.items() if key not in _AROUND and item is not block)


class _Ids:
    """Reads ids of one body, and notes what it does not read."""

    def __init__(self) -> None:
        self.problems: dict[str, None] = {}
        self.unread: set[str] = set()

    def read(self, text: str | None, attribute: str = "") -> str | None:
        """The id, which becomes that attribute, unless it is too long."""
        if text is None or len(text) * 4 <= MAX_ID_BYTES or _size(text) <= MAX_ID_BYTES:
            return text
        self.problems[f"an id of more than {MAX_ID_BYTES} bytes is not read"] = None
        self.unread.add(attribute)
        return None

    def answers(self, pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        """The first answers by their elements; the last one of each counts."""
        found: dict[str, Any] = {}
        for key, value in pairs:
            element = self.read(to_id(key))
            if element is None:
                continue
            if element not in found and len(found) >= MAX_ELEMENTS:
                self.problems[f"only the first {MAX_ELEMENTS} answers are read"] = None
                break
            found[element] = value
        return found


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
