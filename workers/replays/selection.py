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
        """The selection of what `asked` describes at `now` (milliseconds) or, `from_file`, of the
        events that are staged.
        """
        if not from_file and (asked.until is None or asked.until > now):
            # Or a replay of busy handlers would never come to its end.
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
        """The events of the journal that it looks at, without bodies, oldest first, in little
        memory. Raises the journal's errors.
        """
        return replays.all_candidates(self.request)

    def handlers(self, found: Candidate) -> list[BoundHandler]:
        """The handlers whose runs on this event are meant, those too that it leaves out, by id."""
        with_left_out = self.request.handlers | self.consent.left_out
        return handlers_for(replace(self.request, handlers=with_left_out), self.plugins, found)


def handlers_for(request: ReplayRequest, plugins: Plugins, found: Candidate) -> list[BoundHandler]:
    """The handlers whose runs on this event are part of the replay, by id; those recorded already
    too.
    """
    return [
        handler
        for handler in handlers_of(request, plugins, found.record)
        if handler.id in found.recorded or _chosen(request.choice, handler.id, found)
    ]


def handlers_of(request: ReplayRequest, plugins: Plugins, record: Record) -> list[BoundHandler]:
    """The handlers of the replay that want this event, whatever ran on it; those too that never
    may.
    """
    return [
        handler
        for handler in plugins.handlers_for(record.trigger or "", record.name, record.source)
        if handler.id in request.handlers or handler.id in request.never
    ]


def _chosen(choice: Choice, handler: str, found: Candidate) -> bool:
    if choice is Choice.DEAD:
        return found.live.get(handler) is RunState.DEAD
    return choice is Choice.ALL or handler not in found.ran
