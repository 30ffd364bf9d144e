"""What the journal knows of an event, and its body does not say."""

from comethooks.schemas import Event, InteractionEvent
from comethooks.schemas.event.kinds import pressed_on
from comethooks.workers.handlers.outside import Services


def attributed(event: Event, services: Services) -> Event:
    """The event as a handler gets it. Of a press whose URL has a muid it says the message's id; one
    that names nobody is, in a conversation of two, the receiver's. Both as far as the message was
    seen.

    Looks into the journal for such presses alone. Raises what the journal does.
    """
    if not isinstance(event, InteractionEvent) or services.interactions is None:
        return event
    pressed = event.interaction
    is_told = pressed.muid is None and (pressed.user is not None or pressed.message_id is None)
    if is_told:
        return event
    seen = services.interactions.pressed_message(
        event.app_id or "", message_id=pressed.message_id, muid=pressed.muid
    )
    return event if seen is None else pressed_on(event, seen.id, seen.only_user)
