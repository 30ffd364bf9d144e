"""Requests to put into a spool, and what is in its files."""

from collections.abc import Sequence
from pathlib import Path

from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spooled import Spooled

MAX_BYTES = 64 * 1024 * 1024


def spooled(number: int, *, kind: Kind = Kind.EVENT, body: bytes = b'{"x":1}') -> Spooled:
    """A request; `number` is when it was received."""
    record = Record(
        kind=kind,
        id=new_id(),
        received_at=number,
        trigger="message_sent",
        key="one conversation",
        size=len(body),
        body=body,
    )
    return Spooled(record, number.to_bytes(16, "big"), has_time=True)


def numbers_in(spool: Spool) -> list[int]:
    """The numbers of the requests in it, in its order."""
    return [each.record.received_at for each in spool.entries()]


def filled(folder: Path, count: int, segment_bytes: int = 0, **about: bytes) -> Spool:
    """An open spool that holds the requests 0 to `count` - 1."""
    options = {"segment_bytes": segment_bytes} if segment_bytes else {}
    spool = Spool.open(folder, max_bytes=MAX_BYTES, **options)
    for number in range(count):
        spool.append([spooled(number, **about)])
    return spool


def files(folder: Path, ending: str = ".spool") -> Sequence[Path]:
    """Its files of records, oldest first."""
    return sorted(folder.glob(f"*{ending}"))
