"""Facts and presses as rows. What a column cannot hold is cut, scrubbed or left out."""

from collections.abc import Mapping
from typing import Any

import orjson

from comethooks.workers.journal.interactions.told import SeenMessage, ToldPress
from comethooks.workers.journal.tables.rows import Row, json_text, searchable
from comethooks.workers.journal.times import storable
from comethooks.workers.presses.goals import (
    FormElement,
    Goal,
    MessageFacts,
    Press,
    is_empty,
)
from comethooks.workers.texts import cut, scrub

MOST_ELEMENTS = 200
"""So many elements of one press are kept: what comes from a device may name any number."""
LONGEST_ID = 1000
"""Characters of an element's id."""


def facts_text(facts: MessageFacts) -> str:
    """Facts as they are kept, but for whether the message is deleted."""
    document = {
        "sender": facts.sender,
        "receiver_type": facts.receiver_type,
        "receiver": facts.receiver,
        "goal": facts.goal.type,
        "element_ids": list(facts.goal.element_ids),
        "allow_sender": facts.allow_sender,
        "elements": None if facts.elements is None else _elements(facts.elements),
    }
    return json_text(document)


def facts_in(text: str | None, *, deleted: bool) -> MessageFacts | None:
    """The facts that were kept; None when there are none."""
    if text is None:
        return None
    document = orjson.loads(text)
    elements = document["elements"]
    return MessageFacts(
        sender=document["sender"],
        receiver_type=document["receiver_type"],
        receiver=document["receiver"],
        goal=Goal(document["goal"], tuple(document["element_ids"])),
        allow_sender=document["allow_sender"],
        elements=None if elements is None else {n: _element(*each) for n, each in elements.items()},
        deleted=deleted,
    )


def _elements(elements: Mapping[str, FormElement]) -> dict[str, Any]:
    return {name: [each.values, each.once, each.wanted] for name, each in elements.items()}


def _element(values: list[str] | None, once: bool, wanted: bool) -> FormElement:
    return FormElement(None if values is None else tuple(values), once, wanted)


def message_values(seen: SeenMessage, facts: str, sent_at: int | None) -> Row:
    """The columns of a message that a body tells of. It was sent at `sent_at` or, if nobody said
    when that was, at the latest time that the body says.
    """
    is_group = seen.facts.receiver_type == "group"
    return {
        "muid": searchable(seen.muid),
        "conversation_id": searchable(seen.conversation_id),
        "category": searchable(seen.category),
        "kind": searchable(seen.kind),
        "tags": json_text(list(seen.tags)) if seen.tags else None,
        "pressable": seen.pressable,
        "guid": searchable(seen.facts.receiver) if is_group else None,
        "facts": facts,
        "as_of": seen.as_of,
        "wire": None if seen.wire is None else json_text(seen.wire),
        "sent_at": storable(seen.sent_at) or sent_at or storable(seen.as_of),
    }


def press_row(told: ToldPress, *, message_id: str | None, waiting: bool) -> Row:
    """The row of a press. Of its elements the first 200 are kept."""
    press = told.press
    answers = {
        short_id(name): answer for name, answer in list(press.answers.items())[:MOST_ELEMENTS]
    }
    answered = [name for name, answer in answers.items() if not is_empty(answer)]
    return {
        "id": press.id,
        "app_id": searchable(told.app_id) or "",
        "message_id": searchable(message_id),
        "muid": searchable(told.muid),
        "uid": searchable(press.user),
        "uid_from": told.user_from,
        "element_id": None if press.element_id is None else short_id(press.element_id),
        "answers": json_text(answers) if answers else None,
        "answered": json_text(answered) if answered else None,
        "at": storable(press.at) or told.received_at,
        "received_at": told.received_at,
        "waiting": waiting,
    }


def press_in(row: Any) -> Press:
    """The press that a row holds."""
    return Press(
        id=row.id,
        user=row.uid,
        element_id=row.element_id,
        at=row.at,
        answers=orjson.loads(row.answers) if row.answers else {},
        answered=tuple(orjson.loads(row.answered)) if row.answered else (),
    )


def wire_in(text: str | None) -> Mapping[str, Any] | None:
    """The message that was kept; None when it is not any more."""
    return None if text is None else orjson.loads(text)


def short_id(text: str) -> str:
    """An element's id as it is kept."""
    return scrub(cut(text, LONGEST_ID))
