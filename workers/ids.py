"""Identifiers: one id for a request and for the event that it may become."""

import os
from uuid import UUID

from comethooks.workers import clock


def new_id(now_ns: int | None = None) -> str:
    """A UUID of version 7 (RFC 9562) as text: unique, and sorted by the time it was made.

    `now_ns` is nanoseconds since the epoch. Twelve bits say where in its millisecond the id was
    made (method 3 of section 6.2), so that what a process makes in turn is sorted in turn: two that
    it makes within a quarter of a microsecond are in either order.
    """
    milliseconds, rest = divmod(clock.now_ns() if now_ns is None else now_ns, clock.NS_PER_MS)
    fraction = (rest << 12) // clock.NS_PER_MS
    return id_at(milliseconds, fraction.to_bytes(2, "big") + os.urandom(8))


def id_at(milliseconds: int, random: bytes | None = None) -> str:
    """The id of something that was made in that millisecond since the epoch, nobody knows when.

    `random` is ten bytes; of the first two, four bits are not used.
    """
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
