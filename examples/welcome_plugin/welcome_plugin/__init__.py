"""Greets whoever writes a text message, by a line in a file."""

import json

from marshmallow import fields, validate

from comethooks import Context, MessageEvent, Plugin

plugin = Plugin(
    "welcome",
    config={
        "file": fields.Str(required=True),
        "greeting": fields.Str(load_default="Welcome", validate=validate.Length(max=100)),
    },
)


@plugin.on("message.sent")
def greet(event: MessageEvent, ctx: Context) -> None:
    """Append a greeting for the sender of a text message to the file, as one line of JSON."""
    message = event.message
    # An edited or deleted message is also sent as a new one, of the category "action".
    if (message.category, message.type) != ("message", "text"):
        return
    line = {
        "event_id": event.id,
        "conversation_id": event.conversation_id,
        "to": message.sender.uid,
        "greeting": f"{ctx.config.greeting}, {message.sender.name or message.sender.uid}!",
    }
    with open(ctx.config.file, "a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line)}\n")
    ctx.log.info("greeted", to=message.sender.uid)
