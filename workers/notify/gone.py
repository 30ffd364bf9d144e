"""Sinks that answered 410: kept for good beside the keys of `ctx.once`, for one version of the
file, so that a change of it has them asked again.
"""

from comethooks.workers.handlers.once import OnceKeys
from comethooks.workers.journal import OnceClaim, token_of
from comethooks.workers.notify.sinks import Sink
from comethooks.workers.states import OnceState


def gone_claim(sink: Sink, version: str, *, event_id: str, handler: str, now: int) -> OnceClaim:
    """What is kept of a sink that wants nothing any more, with the event that it said so of."""
    return OnceClaim(
        plugin="notify",
        app_id=None,
        key=f"gone {sink.name} {version}",
        token=token_of(event_id, handler, None, "gone"),
        event_id=event_id,
        handler=handler,
        now=now,
        until=now,
    )


def note_gone(keys: OnceKeys, claim: OnceClaim) -> None:
    """Keep that a sink wants nothing any more."""
    keys.enter_once(claim)
    keys.leave_once(claim, OnceState.DONE)


def is_gone(keys: OnceKeys, claim: OnceClaim) -> bool:
    """Whether that is kept."""
    return keys.know_once(claim) is not None
