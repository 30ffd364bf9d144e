"""What an event tells of interactive messages, as the journal takes it."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from comethooks.schemas import (
    Card,
    Group,
    InteractionEvent,
    Interactive,
    Message,
)
from comethooks.schemas.event.cards import card_of
from comethooks.schemas.event.interactions import ONLY_POSSIBLE
from comethooks.schemas.event.interactive import interactive_of
from comethooks.schemas.event.views import wire_of
from comethooks.schemas.triggers.identity import digest
from comethooks.schemas.wire.interactive import KINDS_OF_INTERACTIVE
from comethooks.workers.clock import milliseconds
from comethooks.workers.ids import derived_id
from comethooks.workers.journal import SeenMessage, ToldPress, iso
from comethooks.workers.presses.goals import FormElement, Goal, MessageFacts, Press

_OF_KITS = frozenset(KINDS_OF_INTERACTIVE[:3])
"""The kinds of messages whose elements kits know. What an app makes itself may have others."""


def press_of(event: InteractionEvent) -> ToldPress:
    """The press that an event is. The slot of a scheduler is the answer to what was pressed."""
    told = event.interaction
    answers = told.answers.copy()
    if told.meeting is not None and told.element_id is not None:
        start = None if told.meeting.start is None else iso(milliseconds(told.meeting.start))
        answers.setdefault(told.element_id, {"start": start, "minutes": told.meeting.minutes})
    return ToldPress(
        app_id=event.app_id or "",
        press=Press(
            id=event.id,
            user=told.user,
            element_id=told.element_id,
            at=milliseconds(told.interacted_at),
            answers=answers,
        ),
        received_at=milliseconds(event.received_at),
        message_id=told.message_id,
        muid=told.muid,
        user_from=told.user_from,
    )


def message_of(message: Message, app_id: str | None, received_at: datetime) -> SeenMessage | None:
    """The interactive message or card that a body shows; None when it is neither."""
    interactive, card = interactive_of(message), card_of(message)
    if not message.id or (interactive is None and card is None):
        return None
    facts = _facts_of(message, interactive, card)
    times = (message.sent_at, message.updated_at, message.edited_at)
    latest = max(filter(None, times), default=received_at)
    return SeenMessage(
        app_id=app_id or "",
        message_id=message.id,
        as_of=milliseconds(latest),
        facts=facts,
        muid=message.muid,
        conversation_id=message.conversation_id,
        category=message.category,
        kind=None if interactive is None else interactive.kind,
        tags=message.tags,
        pressable=interactive is not None or _calls_somebody(card),
        sent_at=None if message.sent_at is None else milliseconds(message.sent_at),
        wire=wire_of(message),
        presses=tuple(_presses_in(message, interactive, facts, app_id or "", received_at)),
    )


def _calls_somebody(card: Card | None) -> bool:
    """Whether pressing something of a card is to call a server."""
    return card is not None and any(each.method for each in card.actions.values())


def _facts_of(message: Message, interactive: Interactive | None, card: Card | None) -> MessageFacts:
    receiver = message.receiver
    is_group = isinstance(receiver, Group)
    goal = (
        Goal() if interactive is None else Goal(interactive.goal.type, interactive.goal.element_ids)
    )
    return MessageFacts(
        sender=message.sender.uid or None,
        receiver_type="group" if is_group else "user",
        receiver=(receiver.guid if isinstance(receiver, Group) else receiver.uid) or None,
        goal=goal,
        elements=_elements_of(interactive, card),
        allow_sender=interactive is not None and interactive.allow_sender_interaction,
    )


def _elements_of(
    interactive: Interactive | None, card: Card | None
) -> Mapping[str, FormElement] | None:
    if interactive is None:
        return None if card is None else {each.id: FormElement() for each in card.elements}
    if interactive.kind not in _OF_KITS:
        return None
    return {
        name: FormElement(
            values=tuple(option.value for option in element.options) or None,
            once=element.disable_after_interacted,
            wanted=not element.optional,
        )
        for name, element in interactive.elements.items()
    }


def _presses_in(
    message: Message,
    interactive: Interactive | None,
    facts: MessageFacts,
    app_id: str,
    received_at: datetime,
) -> Iterator[ToldPress]:
    """What a message itself says was interacted with: by whom, it says only where there is but one
    who can have been it.
    """
    if interactive is None or facts.only_user is None:
        return
    for told in interactive.interactions:
        at = milliseconds(told.interacted_at or message.sent_at or received_at)
        parts = (app_id, message.id, facts.only_user, told.element_id, at)
        yield ToldPress(
            app_id=app_id,
            press=Press(
                # The same however often bodies say so.
                id=derived_id(digest(("interaction", *parts))),
                user=facts.only_user,
                element_id=told.element_id,
                at=at,
            ),
            received_at=milliseconds(received_at),
            message_id=message.id,
            user_from=ONLY_POSSIBLE,
        )
