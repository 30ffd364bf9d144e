"""Files for `COMETHOOKS_NOTIFY_FILE`."""

import base64
from pathlib import Path

SECRET = f"whsec_{base64.b64encode(b'a secret that is long enough').decode()}"
OLD_SECRET = f"whsec_{base64.b64encode(b'the one that was before it').decode()}"
SINK = f"""
[[sink]]
name = "orders"
kind = "webhook"
url = "https://example.com/hook"
secrets = ["{SECRET}"]
"""
RULE = """
[[rule]]
on = ["message.sent"]
sinks = ["orders"]
text = "{{ event.sender.uid }} wrote"
"""
CHAT = """
[[sink]]
name = "desk"
kind = "cometchat"
receiver = "front-desk"
receiver_type = "group"
"""


def written(folder: Path, text: str = SINK + RULE) -> Path:
    """A file with this text."""
    path = folder / "notify.toml"
    path.write_text(text)
    return path
