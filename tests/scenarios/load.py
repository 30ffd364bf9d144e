"""Clients that post without a pause and keep a ledger of what was acknowledged."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record
from comethooks.workers.streams.accept import Streams
from tests.scenarios.stack import Stack, message

CONVERSATIONS = 4
"""Of each poster."""


class Answer(NamedTuple):
    """What came of one call: when it was sent (monotonic), how long the answer took; no status:
    there was none.
    """

    sent: float
    seconds: float
    status: int | None


@dataclass
class Poster:
    """Posts messages of its own conversations one by one; repeats one until it is acknowledged.

    It calls `stack`, or several of the same deployment in turn; it gives up after `patience`
    seconds.
    """

    stack: Stack
    number: int
    per_second: float
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    failures: int = 0
    patience: float = 60.0
    pause: float = 0.02
    """Seconds between two calls about the same message."""
    others: Sequence[Stack] = ()

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post_all, daemon=True)
        self._gave_up = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being posted, and end. Fails the test when something was never
        acknowledged.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self.patience + 10)
        assert not self._gave_up, f"an event was not acknowledged for {self.patience:g} s"

    def _post_all(self) -> None:
        count = 0
        clients = [stack.client() for stack in (self.stack, *self.others)]
        while not self._stop.wait(1 / self.per_second) and not self._gave_up:
            self._post(clients, self.number * 10 + count % CONVERSATIONS, count)
            count += 1
        for client in clients:
            client.close()

    def _post(self, clients: Sequence[httpx.Client], conversation: int, count: int) -> None:
        body = message(conversation, count)
        limit = time.monotonic() + self.patience
        tries = count
        while (sent := time.monotonic()) < limit:
            status = None
            try:
                answer = clients[tries % len(clients)].post("/webhooks", json=body)
                status = answer.status_code
            except httpx.HTTPError:
                pass
            now = time.monotonic()
            self.answers.append(Answer(sent, now - sent, status))
            if status == 200:
                self.acknowledged.append((conversation, answer.json()["id"]))
                self.times.append(now)
                return
            self.failures += 1
            tries += 1
            self._stop.wait(self.pause)
        self._gave_up = True


def event_record(conversation: int, number: int, **changes: Any) -> Record:
    """The record that the web process would make of a message; changes go into the message."""
    return Record(
        kind=Kind.EVENT,
        id=new_id(),
        received_at=1_800_000_000_000 + number,
        trigger="message_sent",
        name="message.sent",
        app_id="app1",
        conversation_id=f"group_room{conversation}",
        key=f"group_room{conversation}",
        body=json.dumps(message(conversation, number, **changes)).encode(),
    )


def accept(streams: Streams, conversation: int, number: int, **changes: Any) -> str:
    """Have a message accepted as the web process would; the event's id."""
    record = event_record(conversation, number, **changes)
    key = conversation.to_bytes(8, "big") + number.to_bytes(8, "big")
    return streams.accept(record, duplicate_key=key, has_time=True).id


def rate(posters: Sequence[Poster]) -> int:
    """How many events were acknowledged within the last second."""
    since = time.monotonic() - 1
    return sum(moment > since for poster in posters for moment in poster.times[-1000:])


def acknowledged(posters: Sequence[Poster]) -> list[tuple[int, str]]:
    """What was acknowledged so far, as (conversation, event), in order within each conversation."""
    return [entry for poster in posters for entry in list(poster.acknowledged)]


def answers(posters: Sequence[Poster], since: float, until: float) -> list[Answer]:
    """What came of the calls that were sent between two times, by the monotonic clock."""
    return [
        each for poster in posters for each in list(poster.answers) if since <= each.sent < until
    ]
