"""Slack's Bolt behind its Flask adapter: a framework for webhooks, without anything that keeps."""

import os

from flask import Flask, request
from slack_bolt import App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

bolt = App(
    signing_secret=os.environ["PEER_CREDENTIALS"],
    authorize=lambda **_: AuthorizeResult(
        enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_id="B1", bot_user_id="U0"
    ),
)
app = Flask(__name__)
handler = SlackRequestHandler(bolt)


@bolt.event("message")
def read(event: dict) -> None:
    """Read the text."""
    len(event["text"])


@app.post("/webhooks")
def receive():  # noqa: ANN201 - a response of Flask's
    """Let Bolt check, dispatch and answer."""
    return handler.handle(request)
