"""Completed goals are told to a server that checks signatures, while secret and file change."""

import base64
import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.scenarios.test_up import Up
from tests.waiting import wait_for
from tests.workers.interactions.bodies import message, press

FILE = """
[[sink]]
name = "orders"
kind = "webhook"
url = "http://127.0.0.1:{port}/hook"
secrets_file = "orders.secrets"

[[rule]]
on = ["interaction.completed"]
where = {{ tag = "booking" }}
sinks = ["orders"]
text = "{{{{ event.completion.user }}}} is {{{{ event.completion.answers.name }}}}"
"""
LAST_GOOD = "plugin goes on with its last good version"


class Receiver:
    """A server that believes nobody, and is down for the first request of each message."""

    def __init__(self) -> None:
        self.secret = new_secret()
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[str] = []
        self._seen: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.answer(dict(self.headers.items()), content))
                self.send_header("Retry-After", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def answer(self, headers: dict[str, str], content: bytes) -> int:
        try:
            body = Webhook(self.secret).verify(content, headers)
        except WebhookVerificationError as error:
            self.refused.append(str(error))
            return 401
        identifier = headers["webhook-id"]
        if identifier not in self._seen:
            self._seen.add(identifier)
            return 503
        self.taken.append((identifier, body))
        return 204

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.taken]


def new_secret() -> str:
    """A secret as the specification has them."""
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def up(tmp_path: Path, receiver: Receiver) -> Iterator[Up]:
    (tmp_path / "orders.secrets").write_text(receiver.secret)
    (tmp_path / "notify.toml").write_text(FILE.format(port=receiver.server.server_port))
    made = Up(tmp_path)
    made.stack.environment["COMETHOOKS_NOTIFY_FILE"] = str(tmp_path / "notify.toml")
    made.stack.environment["COMETHOOKS_WORKERS"] = "2"
    made.start()
    yield made
    made.stack.close()


def complete(up: Up, number: int, name: str, *, tag: str = "booking") -> None:
    """Somebody sends a form, and omar fills it in."""
    identifier = str(number)
    sent = message(id=identifier)
    sent["data"]["message"]["tags"] = [tag]
    for body in (sent, press(message=identifier, name=name)):
        assert up.post(json.dumps(body).encode()).status_code == 200


def test_completed_goals_are_told_while_secret_and_file_change(
    up: Up, receiver: Receiver, tmp_path: Path
) -> None:
    """Each once, signed with a secret that the other side knows, whatever becomes of the file."""
    complete(up, 1, "one")
    complete(up, 2, "another", tag="poll")
    wait_for(lambda: receiver.texts == ["omar is one"], "the first one is told")

    secrets, before = tmp_path / "orders.secrets", receiver.secret
    receiver.secret = new_secret()
    secrets.write_text(f"{receiver.secret}\n{before}\n")
    wait_for(lambda: "what notify is made of has changed" in up.stack.log(), "it is noticed")
    complete(up, 3, "two")
    wait_for(lambda: "omar is two" in receiver.texts, "it is told with the new secret")

    (tmp_path / "notify.toml").write_text("")
    wait_for(lambda: LAST_GOOD in up.stack.log(), "the broken file is told")
    complete(up, 4, "three")
    wait_for(lambda: "omar is three" in receiver.texts, "what was there before goes on")
    listed = up.stack.run("plugins", "list", "--json").stdout.splitlines()
    [plugin] = [each for each in map(json.loads, listed) if each["name"] == "notify"]
    assert "sink: it is missing" in plugin["error"]
    assert {each["state"] for each in plugin["workers"]} == {"last good"}
    degraded = httpx.get(f"{up.stack.url}/readyz", timeout=5).json()["degraded"]
    assert "notify" in str([each for each in degraded if each["what"] == "plugins"])

    ids = [identifier for identifier, _ in receiver.taken]
    assert len(ids) == len(set(ids)) == 3
    assert receiver.secret[6:] not in up.stack.log()
    assert before[6:] not in up.stack.log()
