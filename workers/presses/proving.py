"""A press that came with a token: whether the token is of it, and what is kept of both."""

from collections.abc import Mapping
from typing import Any

from comethooks.schemas import COMETCHAT
from comethooks.schemas.event.interactions import PROVED
from comethooks.schemas.triggers.identity import content_hash, digest
from comethooks.schemas.triggers.table import entry_for
from comethooks.schemas.wire.interactions import INTERACTED, WirePress
from comethooks.workers.presses.tokens import InteractionToken
from comethooks.workers.record import Kind, Record


def proves(token: InteractionToken, press: WirePress) -> bool:
    """Whether a press may be what the token is of: it names no other app and no other message.

    Nobody knows here which message a muid is of.
    """
    if "app_id" in press.unread or press.app_id not in (None, token.app):
        return False
    if token.message is None:
        return True
    return "message_id" not in press.unread and press.message_id in (None, token.message)


def press_record(
    token: InteractionToken,
    press: WirePress,
    *,
    id: str,
    received_at: int,
    body: bytes,
    source: str = COMETCHAT,
    headers: Mapping[str, str],
) -> Record:
    """The event that a press is whose token proves it. `body` is what is kept of it."""
    message = _message_of(token, press)
    return Record(
        kind=Kind.EVENT,
        id=id,
        received_at=received_at,
        source=source,
        trigger=INTERACTED,
        name=entry_for(INTERACTED).canonical,
        app_id=token.app,
        conversation_id=press.conversation_id,
        sender=press.user,
        key=id if message is None else f"interaction:{token.app}:{message}",
        size=len(body),
        headers={**headers, **_proved(token)},
        body=body,
    )


def press_key(
    token: InteractionToken, press: WirePress, decoded: Mapping[str, Any], raw: bytes
) -> bytes:
    """By what a repeat of a press is recognised: message, user, element and answers.

    The time that some kits write is of a repeat, too.
    """
    message = _message_of(token, press)
    told: tuple[str | None, ...] = (content_hash(decoded, raw),)
    if message is not None:
        entered = {"answers": dict(press.answers), "slot": dict(press.slot)}
        element = token.element or press.element_id
        told = (press.user, element, content_hash(entered, raw))
    return digest((INTERACTED, token.app, message, *told))


def _message_of(token: InteractionToken, press: WirePress) -> str | None:
    """What tells the message from others of the app; None when nothing does."""
    if token.muid is not None:
        return f"muid:{token.muid}"
    return token.message or press.message_id


def _proved(token: InteractionToken) -> dict[str, str]:
    known = {
        "app": token.app,
        "message": token.message,
        "muid": token.muid,
        "element": token.element,
    }
    return {f"{PROVED}{name}": value for name, value in known.items() if value is not None}
