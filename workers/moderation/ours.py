"""What we sent ourselves, which no rule is about."""

from comethooks.schemas import Event
from comethooks.workers.cometchat.outgoing import APP_USER


def is_ours(event: Event) -> bool:
    """Whether an event tells of a message that a plugin of ours wrote as the app.

    The mark of our messages proves nothing: whoever writes a message may write that, too. Nobody
    but who has the app's REST key writes as the app, so only both together are believed. What a
    plugin sends as a user is looked at like all that this user sends.
    """
    message = event.message
    return (
        event.is_own
        and message is not None
        and (message.sender.uid or "").lower() == APP_USER
        and (event.sender is None or (event.sender.uid or "").lower() == APP_USER)
    )
