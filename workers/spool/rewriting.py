"""Changing what a spool holds, where it stands."""

from collections.abc import Callable

from comethooks.workers.record import RecordError
from comethooks.workers.spool.spooled import Spooled, decode_spooled, encode


class Rewriting:
    """Applies a change to records as bytes. What cannot be read stays as it is."""

    def __init__(self, change: Callable[[Spooled], Spooled | None]) -> None:
        self._change = change
        self.changed = 0

    def __call__(self, payload: bytes) -> bytes | None:
        """The bytes to be kept."""
        try:
            before = decode_spooled(payload)
        except RecordError:
            return payload
        after = self._change(before)
        if after == before:
            return payload
        self.changed += 1
        return None if after is None else encode(after)
