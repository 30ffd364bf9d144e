"""Crowds that hold connections open, beside senders who mean well: those must not notice."""

import base64
import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.attackers import CROWDS
from tests.scenarios.stack import PASSWORD, USER, Stack, message

SENDERS = 4
SECONDS = 5.0
"""For how long they send."""
PER_SECOND = 15
"""Of each sender."""
MOST_SECONDS = 1.0
"""What 99 of 100 requests may take at most: other tests use the processor meanwhile, and whoever is
kept waiting by a crowd waits for seconds."""
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def crowd(kind: str, port: int) -> Iterator[None]:
    """Attackers of one kind, from when all of them are there."""
    script = str(Path(__file__).with_name("attackers.py"))
    process = subprocess.Popen(
        [sys.executable, script, kind, str(port)],
        env={**os.environ, "AUTHORIZATION": AUTHORIZATION},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        yield
        assert process.poll() is None, "the attackers gave up"
    finally:
        process.kill()
        process.wait()


class Sender:
    """Somebody who posts events, each second one on a new connection, and measures the answers."""

    def __init__(self, port: int, number: int, seconds: float) -> None:
        self.seconds: list[float] = []
        self.statuses: list[int | None] = []
        self._port, self._number, self._end = port, number, time.monotonic() + seconds
        self._thread = threading.Thread(target=self._send_all)
        self._thread.start()

    def wait(self) -> None:
        """Until everything is sent."""
        self._thread.join()

    def _send_all(self) -> None:
        connection = self._connection()
        pause = threading.Event()
        for count in itertools.count():
            pause.wait(1 / PER_SECOND)
            if time.monotonic() > self._end:
                break
            if count % 2:
                connection.close()
            began = time.monotonic()
            self.statuses.append(self._post(connection, count))
            self.seconds.append(time.monotonic() - began)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)

    def _post(self, connection: http.client.HTTPConnection, count: int) -> int | None:
        body = json.dumps(message(self._number, count)).encode()
        try:
            connection.request("POST", "/webhooks", body, {"Authorization": AUTHORIZATION})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            return None


def measured(port: int, seconds: float) -> tuple[list[float], set[int | None]]:
    """How long each answer took, in order of that, and which statuses there were."""
    senders = [Sender(port, number, seconds) for number in range(SENDERS)]
    for sender in senders:
        sender.wait()
    return (
        sorted(second for sender in senders for second in sender.seconds),
        {status for sender in senders for status in sender.statuses},
    )


def p99(seconds: list[float]) -> float:
    """What 99 of 100 stay below."""
    return seconds[int(len(seconds) * 0.99)]


IN_SHORT = frozenset(("endless heads", "idle connections"))
"""The crowds of the suite; `make attack` sends all of them."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in IN_SHORT else pytest.mark.attack) for kind in CROWDS],
)
def test_senders_who_mean_well_do_not_notice_a_crowd(stack: Stack, kind: str) -> None:
    """99 of 100 answers come within 200 ms, whatever the others do with their connections.

    More only as far as they do without the others, on a machine that has other things to do.
    """
    stack.web()
    alone, _ = measured(stack.port, SECONDS / 2)
    with crowd(kind, stack.port):
        among_others, statuses = measured(stack.port, SECONDS)
    print(f"{kind}: p99 {p99(alone):.3f} s alone, {p99(among_others):.3f} s among others")
    assert statuses == {200}
    assert p99(among_others) < MOST_SECONDS + p99(alone)
    assert stack.answers()
    assert ("to make room" in stack.log()) == (kind in {"half heads", "idle connections"})
