"""Identifiers: one id for a request and for the event that it may become."""

import os
from uuid import UUID

from comethooks.workers import clock


def new_id(now_ms: int | None = None, random: bytes | None = None) -> str:
    """A UUID of version 7 (RFC 9562) as text: unique, and sorted by the time it was made.

    `now_ms` is milliseconds since the epoch, `random` ten random bytes; both are for tests.
    """
    milliseconds = clock.now_ms() if now_ms is None else now_ms
    noise = int.from_bytes(os.urandom(10) if random is None else random, "big")
    return _of_version(7, (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | noise)


def derived_id(digest: bytes) -> str:
    """A UUID of version 8 (RFC 9562) as text, made of the first sixteen bytes of `digest`: for the
    same the same.
    """
    return _of_version(8, int.from_bytes(digest[:16], "big"))


def _of_version(version: int, value: int) -> str:
    value = value & ~(0xF << 76) | version << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))
