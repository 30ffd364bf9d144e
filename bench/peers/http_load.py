"""A load generator that costs little, so that the servers beside it have the cores: one process,
one poller, requests that are made by putting a number into a prepared text.
"""

import base64
import hashlib
import hmac
import json
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from bench.load import CONVERSATIONS, documented_message
from bench.peers.environment import CREDENTIALS

_PLACE = "4815162342"
_CONNECTIONS = 16
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Request = Callable[[int], bytes]
"""The bytes of the request with this number."""


def cometchat_request() -> Request:
    """Requests as CometChat sends them: Basic credentials, a documented message."""
    credentials = base64.b64encode(CREDENTIALS.encode()).decode()
    prepared = json.dumps(documented_message(0, int(_PLACE))).replace("room0", "room%(room)d")
    prepared = prepared.replace(_PLACE, "%(number)09d")
    # The sender's other numbers follow from this one, as in `documented_message`.
    prepared = prepared.replace(str(1_800_000_000 + int(_PLACE)), "1800000000")

    def request(number: int) -> bytes:
        body = prepared % {"room": number % CONVERSATIONS, "number": number}
        return request_of("POST /webhooks", body, f"Authorization: Basic {credentials}")

    return request


def slack_request() -> Request:
    """Signed requests as Slack sends them, of the same size."""
    padding = "x" * (len(json.dumps(documented_message(0, 0))) - 160)

    def request(number: int) -> bytes:
        event = {"type": "message", "text": f"message number {number}", "channel": "C1"}
        event |= {"user": "U1", "ts": "1", "padding": padding}
        body = json.dumps(
            {"type": "event_callback", "team_id": "T1", "event_id": str(number), "event": event}
        )
        now = str(int(time.time()))
        signed = hmac.new(CREDENTIALS.encode(), f"v0:{now}:{body}".encode(), hashlib.sha256)
        headers = f"X-Slack-Request-Timestamp: {now}", f"X-Slack-Signature: v0={signed.hexdigest()}"
        return request_of("POST /webhooks", body, *headers)

    return request


def request_of(line: str, body: str, *fields: str) -> bytes:
    """A request with a body of JSON, by the beginning of its first line and fields of its own."""
    sent = body.encode()
    head = (
        f"{line} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        *fields,
        f"Content-Length: {len(sent)}",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + sent


@dataclass
class _Connection:
    port: int
    sock: socket.socket = field(init=False)
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def answered(self) -> bool | None:
        """Whether the connection can be used again, once the answer is complete. Raises
        `RuntimeError` when it is not a 200.
        """
        data = self.sock.recv(65536)
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            if not data:
                raise RuntimeError("the connection was closed instead of an answer")
            return None
        length = _LENGTH.search(self.received, 0, end)
        if data and (length is None or len(self.received) < end + 4 + int(length[1])):
            return None
        if not self.received.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise RuntimeError(f"not a 200: {bytes(self.received[:400])!r}")
        close = not data or b"connection: close" in bytes(self.received[:end]).lower()
        self.received.clear()
        return not close


def rate(
    port: int, request: Request, numbers: Iterator[int], *, seconds: float
) -> tuple[float, list[float]]:
    """Answers a second over 16 connections that each send the next request when the one before is
    answered, and how long each answer took (s).
    """
    times: list[float] = []
    with selectors.DefaultSelector() as poller:
        made = [_Connection(port) for _ in range(_CONNECTIONS)]
        for each in made:
            poller.register(each.sock, selectors.EVENT_READ, each)
            _send(each, request(next(numbers)))
        started = time.perf_counter()
        while (now := time.perf_counter()) < started + seconds:
            for key, _ in poller.select(1.0):
                each = key.data
                again = each.answered()
                if again is None:
                    continue
                now = time.perf_counter()
                times.append(now - each.sent_at)
                if not again:
                    poller.unregister(each.sock)
                    each.sock.close()
                    each.connect()
                    poller.register(each.sock, selectors.EVENT_READ, each)
                _send(each, request(next(numbers)))
        taken = now - started
        for each in made:
            each.sock.close()
    return len(times) / taken, times


def _send(connection: _Connection, request: bytes) -> None:
    connection.sent_at = time.perf_counter()
    connection.sock.sendall(request)


def numbered() -> Iterator[int]:
    """Numbers that no other request of this run has."""
    return count(1)
