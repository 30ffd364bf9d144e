"""Receives what a test wants to be delivered, as the web process does."""

from random import Random

from comethooks import schemas
from comethooks.schemas import Parsed
from comethooks.testing.bodies import WantedBody
from comethooks.testing.clock import Clock
from comethooks.testing.intake import MemoryIntake
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record, event_record


class Reception:
    """Makes the bodies that tests ask for, and records of them."""

    def __init__(self, clock: Clock, intake: MemoryIntake, random: Random) -> None:
        self._clock = clock
        self._intake = intake
        self._random = random

    def receive(
        self, plugin: Plugin, wanted: WantedBody, *, strict: bool = False, lenient: bool = False
    ) -> tuple[Record, Parsed]:
        """The event that is asked for, and what its body says. Raises `InvalidBodyError`.

        A body that is made up happens a second later instead, where that makes it another event.
        """
        make = wanted.maker(self._random)
        for can_wait in (wanted.is_made_up, False):
            raw = make(self._clock())
            parsed = schemas.parse(
                schemas.decode(raw),
                raw,
                strict={"*"} if strict else set(),
                lenient={"*"} if lenient else set(),
            )
            if not can_wait or self._intake.first((plugin, parsed.duplicate_key)) is None:
                break
            self._clock.advance(1)
        new_id = self._intake.new_id()
        return event_record(parsed, id=new_id, received_at=self._clock(), body=raw), parsed
