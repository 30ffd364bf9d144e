"""The events that handlers make: kept, and recognised when they are made again."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from comethooks.workers.record import Record


class Emissions:
    """Keeps in memory what a service keeps of them in its streams and its journal."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._live: set[str] = set()
        self._replayed: set[str] = set()
        self._new: list[Record] = []

    def know(self, ids: Iterable[str]) -> None:
        """These events are in the journal: no replay makes them anew."""
        self._replayed.update(ids)

    def keep(self, record: Record, *, attempt: int, replay: str | None) -> str:
        """Keep an event that a run made, unless it is known; its id. What only a replay made is new
        to a live run.
        """
        known = self._live if replay is None else self._live | self._replayed
        if record.id not in known:
            (self._live if replay is None else self._replayed).add(record.id)
            self._new.append(replace(record, received_at=self._clock(), occurred_at=self._clock()))
        return record.id

    def take(self) -> list[Record]:
        """What was made since this was called last."""
        new, self._new = self._new, []
        return new
