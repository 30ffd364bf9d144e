"""Which runs a replay means: a filter becomes a selection here, and a plan and a job ask it alike.

`workers.replays.plans` has what follows: a selection becomes a plan, and a plan a replay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from comethooks.workers.journal import Candidate, Choice, Filter, ReplayRequest, Replays
from comethooks.workers.plugins.loaded import BoundHandler, Plugins
from comethooks.workers.record import Record
from comethooks.workers.replays.consent import Consent
from comethooks.workers.shipped import BOOKKEEPING
from comethooks.workers.states import RunState


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events a replay is about, which runs of them, and what it may do with which handlers.

    `request` is what a replay keeps of it; `plugins` are those that are loaded where it was asked.
    """

    request: ReplayRequest
    consent: Consent
    plugins: Plugins

    @classmethod
    def of(
        cls,
        asked: Filter,
        plugins: Plugins,
        consent: Consent,
        *,
        choice: Choice = Choice.ALL,
        from_file: bool = False,
        now: int,
    ) -> Self:
        """The selection of what `asked` describes and is received before `now` (milliseconds).

        With `from_file` it is about the events that are staged for the replay, whenever they were
        received.
        """
        if not from_file and (asked.until is None or asked.until > now):
            # Or a replay would never come to its end while events come in faster than it goes.
            asked = replace(asked, until=now)
        request = ReplayRequest(
            asked=asked,
            handlers=consent.granted,
            never=consent.never,
            choice=choice,
            from_file=from_file,
        )
        return cls(request, consent, plugins)

    def events(self, replays: Replays) -> Iterator[Candidate]:
        """The journal's events that it may be about, oldest first. Takes little memory. Raises the
        journal's errors.
        """
        meant = self.request.handlers | self.consent.left_out | self.request.never
        bodies = any(
            each.needs_body
            for bound in self.plugins.handlers
            if bound.id in meant
            for each in bound.handler.filters
        )
        return replays.all_candidates(self.request, bodies=bodies)

    def handlers(self, found: Candidate) -> list[BoundHandler]:
        """The handlers that have a run on this event, by id, also those that are left out."""
        with_left_out = self.request.handlers | self.consent.left_out
        return handlers_for(replace(self.request, handlers=with_left_out), self.plugins, found)

    def considers(self, found: Candidate) -> bool:
        """Whether a handler that may be run wants this event, whatever has run on it."""
        wanting = handlers_of(self.request, self.plugins, found.record)
        return any(handler.id in self.consent.granted for handler in wanting)


def handlers_for(request: ReplayRequest, plugins: Plugins, found: Candidate) -> list[BoundHandler]:
    """The handlers whose runs on this event are part of the replay, by id.

    Those that the replay has recorded already are among them: `Choice.MISSING` would no longer
    choose them, and a chunk that is done again must still know that the event has runs.
    """
    return [
        handler
        for handler in handlers_of(request, plugins, found.record)
        if handler.id in found.recorded or _chosen(request.choice, handler.id, found)
    ]


def handlers_of(request: ReplayRequest, plugins: Plugins, record: Record) -> list[BoundHandler]:
    """The handlers of the replay that want this event, whatever has run on it, by id; also those
    that may never be replayed.
    """
    return [
        handler
        for handler in plugins.handlers_for(record)
        if handler.id in request.handlers or handler.id in request.never
    ]


def _chosen(choice: Choice, handler: str, found: Candidate) -> bool:
    if choice is Choice.DEAD:
        return found.live.get(handler) is RunState.DEAD
    # What keeps no runs cannot be told from what has never run.
    return choice is Choice.ALL or (handler not in found.ran and handler not in BOOKKEEPING)
