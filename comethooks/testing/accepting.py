"""What the web process does with a body: an event is made of it, unless it repeats one."""

import os
from collections.abc import Callable

from comethooks import schemas
from comethooks.schemas import Parsed
from comethooks.testing.delivery import Delivery
from comethooks.workers.ids import new_id
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record, event_record
from comethooks.workers.streams.accept import TIMELESS_WINDOW_SECONDS

_NUMBERS = 4096
"""What there is room for in an id before chance."""


def parsed_of(raw: bytes, *, strict: bool) -> Parsed:
    """What a body says. Raises `schemas.SchemaError` when it would be refused."""
    return schemas.parse(schemas.decode(raw), raw, strict={"*"} if strict else frozenset())


def record_of(parsed: Parsed, raw: bytes, now: int, number: int) -> Record:
    """The event that a body is, received at `now` (milliseconds). Of one time, ids are in the order
    of `number`.
    """
    identifier = new_id(now, (number % _NUMBERS).to_bytes(2) + os.urandom(8))
    return event_record(parsed, id=identifier, received_at=now, body=raw)


class Duplicates:
    """Remembers what each plugin was given, as long as a service does: `window` seconds, or less
    without a time.
    """

    def __init__(self, clock: Callable[[], int], window: int) -> None:
        self._clock = clock
        self._window = window
        self._known: dict[tuple[Plugin, bytes], tuple[int, Delivery]] = {}

    def first(self, plugin: Plugin, parsed: Parsed) -> Delivery | None:
        """The delivery of which this is a repeat."""
        until, delivery = self._known.get((plugin, parsed.duplicate_key), (0, None))
        return delivery if self._clock() < until else None

    def remember(self, plugin: Plugin, parsed: Parsed, delivery: Delivery) -> None:
        """What has the same key is a repeat of this from now on."""
        window = self._window if parsed.duplicate_key_has_time else TIMELESS_WINDOW_SECONDS
        self._known[plugin, parsed.duplicate_key] = self._clock() + window * 1000, delivery
