"""Where an event is kept that a handler made: of a live run in the streams, of a replay's in the
journal.

It is recognised wherever it is already. Redis knows those of the duplicate window; the journal,
which is asked when a live run is tried again and in replays, knows all others.

What a replay makes that is new enters no stream: the live handlers do not get it. It is written
into the journal together with the runs of it that are the replay's, which are due at once, so a
crash leaves all of that or nothing. Those of ordered handlers stand in lines of their own: the
order between what is emitted in a replay and the events that it finds in the journal is not kept.
"""

import time
from collections.abc import Callable
from typing import Protocol

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.emit import emitted_key
from comethooks.workers.handlers.unmade import due_run, skipped_run
from comethooks.workers.journal import Journal, JournalError
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.record import Record
from comethooks.workers.replays.lines import lane_of
from comethooks.workers.replays.selection import handlers_of
from comethooks.workers.streams.accepted import Accepted, NotKeptError


class EventKeeper(Protocol):
    """What keeps events that are yet to be run: the streams or, in a test, memory."""

    def accept(self, record: Record, *, duplicate_key: bytes, has_time: bool) -> Accepted:
        """Keep an event, unless it repeats one. Raises `NotKeptError`."""

    def knows(self, duplicate_key: bytes) -> bool:
        """Whether an event with this key was kept recently. Raises `NotKeptError`."""


class EmittedEvents:
    """Keeps the events that the handlers of a process make. Safe to share between threads."""

    def __init__(
        self,
        streams: EventKeeper,
        journal: Journal,
        plugins: Plugins,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._journal = journal
        self._replays = journal.replays
        self._plugins = plugins

    def keep(self, record: Record, *, attempt: int, replay: str | None) -> str:
        """Keep an event that was made in an attempt of a run, unless it is kept already; its id.

        Raises `NotKeptError`.
        """
        try:
            if replay is not None:
                self._keep_in_replay(record, replay)
                return record.id
            if attempt > 1 and self._journal.was_live(record.id):
                return record.id
        except JournalError as error:
            raise NotKeptError(f"the journal: {error}") from None
        return self._streams.accept(record, duplicate_key=emitted_key(record), has_time=True).id

    def _keep_in_replay(self, record: Record, name: str) -> None:
        if self._journal.known_ids([record.id]) or self._streams.knows(emitted_key(record)):
            return
        replay, now = self._replays.get(name), self._clock()
        results = []
        if replay is not None:
            for handler in handlers_of(replay.request, self._plugins, record):
                if handler.id in replay.request.never:
                    results.append(skipped_run(handler, now=now, replay=name))
                    continue
                lane = lane_of(record, name, emitted=True) if handler.ordered else None
                # Places are in the order in which events are made, of whichever process.
                results.append(
                    due_run(handler, now=now, replay=name, lane=lane, place=time.time_ns())
                )
        self._replays.add_emitted(name, record, results, now=now)
