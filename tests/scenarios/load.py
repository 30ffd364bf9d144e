"""Clients that post without a pause and keep a ledger of what was acknowledged."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.scenarios.stack import Stack, message


@dataclass
class Poster:
    """Posts messages of its own conversations one by one; repeats one until it is acknowledged."""

    stack: Stack
    number: int
    per_second: float
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    failures: int = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post_all, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being posted, and end."""
        self._stop.set()
        self._thread.join(30)

    def _post_all(self) -> None:
        count = 0
        client = self.stack.client()
        while not self._stop.wait(1 / self.per_second):
            conversation = self.number * 10 + count % 4
            self._post(client, conversation, count)
            count += 1
        client.close()

    def _post(self, client: httpx.Client, conversation: int, count: int) -> None:
        body = message(conversation, count)
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            try:
                answer = client.post("/webhooks", json=body)
            except httpx.HTTPError:
                self.failures += 1
            else:
                if answer.status_code == 200:
                    self.acknowledged.append((conversation, answer.json()["id"]))
                    self.times.append(time.monotonic())
                    return
                self.failures += 1
            self._stop.wait(0.02)
        raise AssertionError("an event was not acknowledged for a minute")


def rate(posters: Sequence[Poster]) -> int:
    """How many events were acknowledged within the last second."""
    since = time.monotonic() - 1
    return sum(moment > since for poster in posters for moment in poster.times[-1000:])


def acknowledged(posters: Sequence[Poster]) -> list[tuple[int, str]]:
    """What was acknowledged so far, as (conversation, event), in order within each conversation."""
    return [entry for poster in posters for entry in list(poster.acknowledged)]
