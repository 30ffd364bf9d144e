"""Webhooks by the specification of Standard Webhooks 1.0.0.

- All secrets sign, so that whoever gets it may change its own whenever it likes.
- `webhook-id` is the same in every attempt, `webhook-timestamp` is that of the attempt.
- Only 2xx is success; redirects are not followed.
- 410 ends it: nothing more is sent there until the file is changed. `Retry-After` is kept to, and
  429 without one is waited out.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from standardwebhooks import Webhook

from comethooks.schemas import Event
from comethooks.workers.cometchat.retry_after import spread, wait_asked
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.notify.gone import gone_claim, is_gone, note_gone
from comethooks.workers.notify.notices import Notice
from comethooks.workers.notify.sink_errors import NotTakenError, SinkBusyError, SinkGoneError
from comethooks.workers.notify.sinks import WebhookSink

if TYPE_CHECKING:
    import httpx

ANSWER_SECONDS = 20.0
"""How long an answer may take: the specification recommends 15 to 30 seconds."""
AFTER_GONE = "answered 410, so it gets nothing more until the file of notify is changed"
"""What is said of a sink that wants nothing any more."""


def send(
    ctx: Context, event: Event, sink: WebhookSink, told: Notice, *, key: str, version: str
) -> None:
    """Send a webhook, unless it was taken before. `version` is that of the file.

    Raises `SinkError`.
    """
    inside = Inside(ctx)
    keys, now = inside.services.once_keys, inside.services.clock()
    gone = gone_claim(sink, version, event_id=event.id, handler=ctx.handler, now=now)
    if is_gone(keys, gone):
        inside.note(f"not sent: {sink.name} {AFTER_GONE}")
        return
    with ctx.once(key, repeatable=True) as first:
        if not first:
            return
        if _post(ctx, sink, told, now // 1000) == HTTPStatus.GONE:
            note_gone(keys, gone)
            raise SinkGoneError(f"{sink.name} {AFTER_GONE}")


def signed(sink: WebhookSink, identifier: str, seconds: int, body: str) -> dict[str, str]:
    """The headers of a webhook that is sent at `seconds` since the epoch."""
    # Theirs takes the clock as it is read for that of UTC.
    at = datetime.fromtimestamp(seconds, UTC)
    signatures = (Webhook(each).sign(identifier, at, body) for each in sink.secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": "comethooks",
        "webhook-id": identifier,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }


def _post(ctx: Context, sink: WebhookSink, told: Notice, seconds: int) -> int:
    """The status of the answer. Raises `SinkError` for what is to be tried again."""
    import httpx  # a process that sends nothing need not load it

    body = told.body or ""
    headers = signed(sink, told.id, seconds, body)
    try:
        response = ctx.http.post(
            sink.url, content=body.encode(), headers=headers, timeout=ANSWER_SECONDS
        )
    except httpx.HTTPError as error:
        # "from None": it carries the address.
        raise NotTakenError(f"{sink.name}: no answer came ({type(error).__name__})") from None
    if not response.is_success and response.status_code != HTTPStatus.GONE:
        raise _refusal(sink, response)
    return response.status_code


def _refusal(sink: WebhookSink, response: "httpx.Response") -> Exception:
    status = response.status_code
    problem = f"{sink.name}: it answered {status}"
    if response.is_redirect:
        problem += ", and redirects are not followed; write the address that it leads to"
    wait = wait_asked(status, response.headers)
    return NotTakenError(problem) if wait is None else SinkBusyError(problem, seconds=spread(wait))
