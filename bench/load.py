"""A load generator: processes that post messages over connections that stay open."""

import base64
import http.client
import json
import multiprocessing
import statistics
import time
from dataclasses import dataclass
from typing import Any

from bench.report import percentile
from tests.scenarios.stack import PASSWORD, USER, message

CONVERSATIONS = 1000
READER = """
    from comethooks import Plugin
    plugin = Plugin("reader")

    @plugin.on("message_sent")
    def read(event, ctx):
        len(event.message.text)
"""
"""The plugin whose draining is measured."""


@dataclass(frozen=True)
class Load:
    """What came of posting: how many were accepted, in how long, and how long answers took."""

    accepted: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Accepted events a second."""
        return self.accepted / self.seconds


def post(port: int, events: int, *, clients: int = 8, conversations: int = CONVERSATIONS) -> Load:
    """Post `events` messages of `conversations` groups from `clients` processes."""
    context = multiprocessing.get_context("fork")
    started = time.perf_counter()
    with context.Pool(clients) as pool:
        share = [(port, events, number, clients, conversations) for number in range(clients)]
        times = [t for chunk in pool.starmap(_post_share, share) for t in chunk]
    seconds = time.perf_counter() - started
    return Load(len(times), seconds, 1000 * statistics.median(times), 1000 * percentile(times, 99))


def post_one(connection: http.client.HTTPConnection, body: bytes) -> None:
    """Post one body. Raises `RuntimeError` when it was not accepted."""
    credential = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {credential}"}
    connection.request("POST", "/webhooks", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {text!r}")


def _post_share(
    port: int, events: int, number: int, clients: int, conversations: int
) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times = []
    for count in range(number, events, clients):
        body = json.dumps(documented_message(count % conversations, count)).encode()
        started = time.perf_counter()
        post_one(connection, body)
        times.append(time.perf_counter() - started)
    return times


def documented_message(conversation: int, number: int, **changes: Any) -> dict[str, object]:
    """A message with both entities, as large as CometChat's documented one."""
    user = {
        "uid": "ada",
        "name": "Ada Byron",
        "avatar": "https://assets.example.com/avatars/ada-byron.png",
        "status": "available",
        "role": "default",
        "lastActiveAt": 1_799_999_000,
    }
    group = {
        "guid": f"room{conversation}",
        "name": "A room",
        "type": "public",
        "owner": "ada",
        "membersCount": 3,
    }
    entities = {
        "sender": {"entity": user, "entityType": "user"},
        "receiver": {"entity": group, "entityType": "group"},
    }
    data = {"text": f"message number {number}", "entities": entities}
    return message(conversation, number, data=data, **changes)
