"""What has arrived of a request, and whether a thread can begin with it."""

import re
from enum import Enum, auto

COLLECTED_BYTES = 64 * 1024
"""How many bytes of a head, and how many of a body, are collected before a thread begins."""
CHUNK_LINE_BYTES = 256
"""How long a chunk's first line, or the trailers behind the last chunk, may be to be collected."""

SENDING = (b"POST", b"PUT", b"PATCH", b"DELETE")
"""The methods of webhooks, and of presses on interactive messages."""
_BEGINNINGS = tuple(method + b" " for method in SENDING)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,7})[ \t]*\r\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")


class Arrived(Enum):
    """How much of a request is there."""

    PART = auto()
    """More has to come."""
    WHOLE = auto()
    """All of it, or so much that it can be answered without the rest."""
    OPEN = auto()
    """All of the head. A thread has to read the body: it is large, of a length that cannot be told
    here, or is only sent when the sender is told to go on."""
    ENDLESS = auto()
    """A head that is longer than any may be."""
    NOTHING = auto()
    """The sender is gone, and has said nothing."""


class ArrivingRequest:
    """The bytes of one request, and of what the sender has sent behind it.

    It looks at each byte once, however small the pieces are that it comes in.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self._body = 0
        """Where the body begins; 0 as long as the head has no end."""
        self._needed = 0
        """How many bytes there are at least, as far as it is known."""
        self._chunked = False

    @property
    def is_quick(self) -> bool:
        """Whether it is answered soon, as webhooks are: by its method it sends something."""
        return self.received.startswith(_BEGINNINGS)

    def take(self, data: bytes) -> Arrived:
        """Take what has arrived; nothing means that the sender has ended its side."""
        if not data:
            return Arrived.WHOLE if self.received else Arrived.NOTHING
        looked_at = len(self.received)
        self.received += data
        if not self._body:
            end = self.received.find(b"\r\n\r\n", max(0, looked_at - 3))
            if end > COLLECTED_BYTES or (end < 0 and len(self.received) > COLLECTED_BYTES):
                return Arrived.ENDLESS
            if end < 0:
                return Arrived.PART
            self._body = self._needed = end + 4
            if not self._is_to_be_collected(bytes(self.received[: end + 2]).lower()):
                return Arrived.OPEN
        if len(self.received) < self._needed:
            return Arrived.PART
        return self._chunks() if self._chunked else Arrived.WHOLE

    def _is_to_be_collected(self, head: bytes) -> bool:
        if b"\r\nexpect:" in head:
            return False
        if length := _LENGTH.search(head):
            self._needed += int(length[1])
            return int(length[1]) <= COLLECTED_BYTES
        self._chunked = b"\r\ntransfer-encoding:" in head
        return self._chunked or b"\r\ncontent-length:" not in head

    def _chunks(self) -> Arrived:
        """Go on to the first chunk that is not here as a whole."""
        while True:
            line = _CHUNK.match(self.received, self._needed)
            if line is None or not (size := int(line[1], 16)):
                break
            self._needed = line.end() + size + 2
            if self._needed - self._body > COLLECTED_BYTES:
                return Arrived.OPEN
            if self._needed > len(self.received):
                return Arrived.PART
        # The last chunk ends behind its trailers. A line without a size is the parser's to refuse.
        if self.received.find(b"\r\n\r\n" if line else b"\n", self._needed) >= 0:
            return Arrived.WHOLE
        missing = len(self.received) - self._needed < CHUNK_LINE_BYTES
        return Arrived.PART if missing else Arrived.OPEN
