"""Tells another system, once and signed, when somebody meets the goal of an interactive message."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from comethooks import Context, MessageEvent, Plugin, Retry, Stop
from goal_notification_plugin.goals import met_by

plugin = Plugin(
    "goal_notification",
    config={
        "url": fields.Url(required=True, require_tld=False),
        "key": fields.Str(required=True, validate=validate.Length(min=16)),
    },
)
SIGNATURE = "X-Signature-SHA256"
_REFUSED = range(400, 500)
_COME_AGAIN = (408, 425, 429)


@plugin.on("message.sent", "message.edited", retry=Retry(attempts=8, base=2.0))
def notify(event: MessageEvent, ctx: Context) -> None:
    """Make one call for each user who has met the goal of the message."""
    message = event.message
    if message.category != "interactive":
        return
    wire = _interactive(event)
    for user in met_by(wire, message.sender.uid):
        with ctx.once(f"{event.app_id} {message.id} {user}") as first:
            if first:
                _tell(
                    ctx,
                    {
                        "message": message.id,
                        "user": user or None,
                        "conversation": event.conversation_id,
                    },
                )


def signature(body: bytes, key: str) -> str:
    """What shows that the body is ours: its HMAC-SHA256 in hexadecimal digits."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def _interactive(event: MessageEvent) -> Mapping[str, Any]:
    """The message, whose parts stand in its `data` on the wire and beside it in objects of the
    SDKs.
    """
    data = event.payload["data"]
    outer = data.get("message", data)
    return {**outer, **event.message.data} if isinstance(outer, Mapping) else event.message.data


def _tell(ctx: Context, met: Mapping[str, Any]) -> None:
    body = json.dumps(met).encode()
    headers = {"Content-Type": "application/json", SIGNATURE: signature(body, ctx.config.key)}
    answer = ctx.http.post(ctx.config.url, content=body, headers=headers)
    if answer.status_code in _REFUSED and answer.status_code not in _COME_AGAIN:
        raise Stop(f"it was answered with {answer.status_code}, and will be again")
    answer.raise_for_status()
