"""Telling CometChat that a user interacted with elements of a message."""

from enum import StrEnum

from comethooks.schemas.wire.interactions import BY_SENDER_UID
from comethooks.workers.cometchat.api_errors import ApiRefusedError
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.journal import Judged, ToldPress


class Marked(StrEnum):
    """Of which presses CometChat is told, as `COMETHOOKS_INTERACTIONS_MARK` says."""

    OFF = "off"
    OURS = "ours"
    """Of those that no kit tells of: on cards, and from React Native 4."""
    ALL = "all"


def mark(ctx: Context, inside: Inside, told: ToldPress, judged: Judged) -> None:
    """Tell CometChat of what counts of a press, if nobody else does. That takes a REST key."""
    marked: Marked = ctx.config.mark
    if marked is Marked.OFF or ctx.app is None or not ctx.app.rest_key:
        return
    if marked is Marked.OURS and not _is_ours(told, judged):
        return
    if judged.judgement is None or judged.message_id is None or judged.user is None:
        return
    done = {each.element_id for each in judged.judgement.interactions}
    left_out = {each.press.id for each in judged.judgement.left_out if each.element_id is None}
    elements = [each for each in told.press.elements if each in done]
    if not elements or told.press.id in left_out:
        return
    try:
        ctx.cometchat.mark_interacted(judged.message_id, judged.user, elements)
    except ApiRefusedError as error:
        # The press counts all the same, and another attempt would be refused as well.
        inside.note(f"not marked: {error}")


def _is_ours(told: ToldPress, judged: Judged) -> bool:
    return judged.category == "card" or told.user_from == BY_SENDER_UID
