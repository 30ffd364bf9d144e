"""Which runs a replay means, and how many they are. Plans and jobs both ask here, so that they
agree.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine

from comethooks.workers.journal.listings.filters import Place
from comethooks.workers.journal.replaying.replay_request import Candidate, Choice, ReplayRequest
from comethooks.workers.journal.replaying.replayable import candidates
from comethooks.workers.plugins.loaded import BoundHandler, Plugins
from comethooks.workers.record import Record
from comethooks.workers.states import RunState

_PAGE = 1000


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


@dataclass(slots=True)
class Plan:
    """What a replay would do. `events` are those with a run, received from `oldest` to `newest`
    (milliseconds).

    `runs` has the number of runs by handler, those too that are not made: of a handler that is not
    included, or that never may be.
    """

    events: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    oldest: int | None = None
    newest: int | None = None


def plan_of(
    request: ReplayRequest, plugins: Plugins, found: Iterable[Candidate], others: frozenset[str]
) -> Plan:
    """The plan of a replay of what is `found`; `others` are handlers that would have to be
    included.
    """
    plan, wide = Plan(), replace(request, handlers=request.handlers | others)
    for each in found:
        ids = [handler.id for handler in handlers_for(wide, plugins, each)]
        plan.runs.update(ids)
        if not others.issuperset(ids):
            at = each.record.received_at
            plan.events += 1
            plan.oldest = at if plan.oldest is None else min(plan.oldest, at)
            plan.newest = at if plan.newest is None else max(plan.newest, at)
    return plan


def journalled(engine: Engine, request: ReplayRequest) -> Iterator[Candidate]:
    """The events of the journal that a replay would look at, without bodies, oldest first, in
    little memory.
    """
    after = None
    while page := candidates(engine, request, None, after, _PAGE, bodies=False):
        yield from page
        after = Place(page[-1].record.received_at, page[-1].record.id)


def _chosen(choice: Choice, handler: str, found: Candidate) -> bool:
    if choice is Choice.DEAD:
        return found.live.get(handler) is RunState.DEAD
    return choice is Choice.ALL or handler not in found.ran
