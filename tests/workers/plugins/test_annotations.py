"""Handlers that are annotated with a kind of event."""

from typing import TYPE_CHECKING, Any, Union

import pytest

from comethooks import Context, Event, MessageEvent, ModerationEvent, Plugin, ReceiptEvent
from comethooks.workers.plugins.plugin_errors import SignatureError

if TYPE_CHECKING:
    from comethooks import CallEvent


def message(event: MessageEvent, ctx: Context) -> None: ...
def moderation(event: ModerationEvent, ctx: Context) -> None: ...
def either(event: MessageEvent | ReceiptEvent, ctx: Context) -> None: ...
def old_union(event: Union[MessageEvent, ReceiptEvent], ctx: Context) -> None: ...  # noqa: UP007
def anything(event: Event, ctx: Context) -> None: ...
def untyped(event, ctx): ...  # type: ignore[no-untyped-def]
def quoted(event: "CallEvent", ctx: "Context") -> None: ...


KEPT = [
    (message, ("message.*", "user.mentioned")),
    (message, ("message_sent", "after_message", "before_message", "message.echo")),
    (message, ("moderation.*",)),
    (moderation, ("moderation.blocked",)),
    (either, ("message.*", "receipt.*")),
    (old_union, ("message.sent", "message_read_receipt")),
    (quoted, ("call.*", "meeting.*")),
    (anything, ("*", "call_*", "painted", "mailer:*", "welcome.x")),
    (untyped, ("*",)),
]
BROKEN = [
    (message, "receipt.read", "'receipt.read' fits receipt.read, which is a ReceiptEvent"),
    (message, "message_*", "fits receipt.delivered, which is a ReceiptEvent"),
    (message, "*", "which is a ReceiptEvent"),
    (message, "user.*", "fits user.blocked, which is an Event"),
    (moderation, "message.sent", "it takes ModerationEvent"),
    (either, "call.*", "it takes MessageEvent | ReceiptEvent"),
    (quoted, "message.sent", "it takes CallEvent"),
    (quoted, "call_*", "'call_*' will fit triggers that CometChat adds"),
    (message, "message_painted", "fits no trigger of CometChat that is known"),
    (message, "mailer:message.sent", "fits no trigger of CometChat that is known"),
]


@pytest.mark.parametrize(("function", "patterns"), KEPT)
def test_a_kind_may_be_registered_for_its_triggers(
    plugin: Plugin, function: Any, patterns: tuple[str, ...]
) -> None:
    """By trigger, by canonical name, and by a wildcard of canonical names."""
    plugin.on(*patterns)(function)
    assert [handler.patterns for handler in plugin.handlers] == [patterns]


@pytest.mark.parametrize(("function", "pattern", "said"), BROKEN)
def test_a_pattern_that_fits_other_events_is_refused(
    plugin: Plugin, function: Any, pattern: str, said: str
) -> None:
    """The type checker trusts the annotation, so None would come as a surprise."""
    with pytest.raises(SignatureError) as caught:
        plugin.on("call.*" if function is quoted else "moderation.blocked", pattern)(function)
    assert said in str(caught.value)
    assert "annotate it with Event" in str(caught.value)
