"""What a spool holds: requests as `Streams.begin` is given them, and as bytes.

A spooled request is its fields of a stream entry (`workers.record`), byte for byte, and what the
accept script wants to know beside them: a line of JSON says how long each field is, and the fields
stand behind it. So whatever a drainer can read, emptying can, and a request of a format that this
version does not know is told from a damaged one.
"""

import struct
from dataclasses import dataclass
from typing import Any

import orjson

from comethooks.workers.record import (
    FORMAT,
    DamagedError,
    Record,
    decode,
    encode_decision,
    encode_meta,
)
from comethooks.workers.texts import dumps

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Spooled:
    """One request in a spool.

    `duplicate_key`, `has_time` and `details` are what `Streams.begin` takes. `in_doubt` says that
    Redis may have it already, since it was tried and the answer was lost.
    """

    record: Record
    duplicate_key: bytes = b""
    has_time: bool = False
    details: bytes = b""
    in_doubt: bool = False


def encode(spooled: Spooled) -> bytes:
    """The bytes of a spooled request."""
    record = spooled.record
    parts = {
        "k": record.kind.value.encode(),
        "m": encode_meta(record),
        "b": record.body,
        "d": encode_decision(record),
        "key": spooled.duplicate_key,
        "details": spooled.details,
    }
    line = dumps(
        {
            "v": FORMAT.decode(),
            "has_time": spooled.has_time,
            "in_doubt": spooled.in_doubt,
            "lengths": {name: len(part) for name, part in parts.items() if part},
        }
    )
    return b"".join((_LENGTH.pack(len(line)), line, *parts.values()))


def decode_spooled(data: bytes) -> Spooled:
    """The request that the bytes hold.

    Raises `RecordError` when they are of another format, and `DamagedError` when they are damaged.
    """
    try:
        line, parts = _parts(data)
        entry = {name.encode(): part for name, part in parts.items() if name in {"k", "m", "d"}}
        spooled = Spooled(
            decode({b"v": line["v"].encode(), b"b": parts.get("b", b""), **entry}),
            parts.get("key", b""),
            bool(line["has_time"]),
            parts.get("details", b""),
            bool(line["in_doubt"]),
        )
    except (AttributeError, KeyError, TypeError, IndexError, struct.error, orjson.JSONDecodeError):
        raise DamagedError("damaged record of a spool") from None
    return spooled


def _parts(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    (length,) = _LENGTH.unpack_from(data)
    start = _LENGTH.size + length
    line = orjson.loads(data[_LENGTH.size : start])
    parts = {}
    for name, size in line["lengths"].items():
        parts[name] = data[start : start + size]
        start += size
    if start != len(data):
        raise DamagedError("a record of a spool has another length than it says")
    return line, parts
