"""The plugins of the kinds that teams write first, installed together, do their work in a real
deployment.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, message
from tests.waiting import wait_for

KEY = "0123456789abcdef"
CARD = {
    "category": "interactive",
    "type": "card",
    "data": {
        "interactiveData": {"text": "Well?", "cardActions": []},
        "interactionGoal": {"type": "anyOf", "elementIds": ["yes", "no"]},
        "interactions": [{"elementId": "yes", "interactedBy": "ben"}],
    },
}


@pytest.fixture
def receiver() -> Iterator[ThreadingHTTPServer]:
    """A server that takes note of what is posted to it, and answers the first request with 503."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append((self.headers, body))  # type: ignore[attr-defined]
            first = len(self.server.requests) == 1  # type: ignore[attr-defined]
            self.send_response(503 if first else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def stack_with(installed: Path, redis_url: str, directory: Path, url: str) -> Stack:
    settings = {
        "PYTHONPATH": str(installed),
        "COMETHOOKS_WORD_LIST_WORDS": "scam",
        "COMETHOOKS_MESSAGE_COUNTS_DATABASE": f"sqlite:///{directory / 'counts.db'}",
        "COMETHOOKS_GOAL_NOTIFICATION_URL": url,
        "COMETHOOKS_GOAL_NOTIFICATION_KEY": KEY,
    }
    return Stack(directory, redis_url, settings=settings)


def test_they_do_their_work(
    installed_examples: Path, own_redis_server: RedisServer, tmp_path: Path, receiver: Any
) -> None:
    """Messages are counted and flagged, the flag is an event of its own, and the call comes once,
    signed.
    """
    url = f"http://127.0.0.1:{receiver.server_port}/goals"
    stack = stack_with(installed_examples, own_redis_server.url, tmp_path, url)
    try:
        stack.make_tables()
        stack.web()
        stack.start("worker", "--workers", "1")
        flagged = stack.post(message(1, 1, data={"text": "a scam"})).json()["id"]
        stack.post(message(1, 2))
        stack.post(message(1, 3, **CARD))
        wait_for(lambda: len(receiver.requests) == 2, "the call was made again")
        wait_for(lambda: counts(tmp_path) == {"group": 3}, "all messages are counted")
        wait_for(lambda: flags(stack), "the flag is kept")
        [flag] = flags(stack)
        shown = json.loads(stack.run("events", "show", flag["id"], "--json").stdout)
        assert shown["payload"]["parent"]["id"] == flagged
        headers, body = receiver.requests[-1]
        assert json.loads(body) == {"message": "1-3", "user": "ben", "conversation": "group_room1"}
        assert (
            headers["X-Signature-SHA256"]
            == hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        )
        wait_for(lambda: finished(stack), "all runs are done")
        assert len(receiver.requests) == 2
    finally:
        stack.close()


def counts(directory: Path) -> dict[str, int]:
    """What the plugin counted, by the kind of conversation."""
    if not (directory / "counts.db").exists():
        return {}
    engine = create_engine(f"sqlite:///{directory / 'counts.db'}")
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                text("SELECT kind, count(*) FROM counted_messages GROUP BY kind")
            )
            return dict(rows.all())
    finally:
        engine.dispose()


def flags(stack: Stack) -> list[dict[str, Any]]:
    """The events that tell of a flagged message."""
    return stack.listing("events", "list", "--trigger", "word_list.flagged")


def finished(stack: Stack) -> bool:
    """Whether nothing is left to be done."""
    return {run["state"] for run in stack.listing("runs", "list")} == {"done"}
