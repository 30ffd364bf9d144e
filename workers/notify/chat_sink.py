"""Telling a user or a group of the event's app, through `ctx.cometchat`."""

from comethooks.workers.cometchat.api_errors import NoAnswerError
from comethooks.workers.handlers.context import Context
from comethooks.workers.notify.sink_errors import NobodyKnowsError
from comethooks.workers.notify.sinks import ChatSink


def send(ctx: Context, sink: ChatSink, text: str, *, key: str) -> None:
    """Send a text, at most once. Raises `CometChatError` and `NobodyKnowsError`."""
    with ctx.once(key) as first:
        if not first:
            return
        before = ctx.http.arrived
        try:
            ctx.cometchat.send(sink.receiver, sink.receiver_type, text=text, as_user=sink.as_user)
        except NoAnswerError as error:
            if ctx.http.arrived == before:  # nothing was sent
                raise
            raise NobodyKnowsError(
                f"{sink.name}: nobody knows whether it was sent, so it is not sent again ({error})"
            ) from None
