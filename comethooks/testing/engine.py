"""Drives the engine of a service by hand: its journal with runs, lines, once-keys and replays, one
run at a time and by the clock of the test.

What is delivered is written into the journal with runs that are due, and worked off as a job of the
queue `runs` does it. So first attempts are made like further ones, and everything that has to wait
waits in SQL. Only Redis has a stand-in, see `comethooks.testing.intake`. Runs have a thread of
their own, as in a worker, so that they are held to their time limit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from queue import Empty, SimpleQueue

from comethooks.schemas import Event
from comethooks.testing.clock import Clock
from comethooks.testing.delivery import Delivery, Run
from comethooks.testing.errors import HarnessError
from comethooks.testing.intake import MemoryIntake
from comethooks.workers.cometchat.calls import Pacing
from comethooks.workers.cometchat.limiter import LocalLimiter
from comethooks.workers.handlers import in_line
from comethooks.workers.handlers.http import Connect
from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.runners import Runners
from comethooks.workers.handlers.unmade import due_run, skipped_run
from comethooks.workers.journal import (
    ClaimedRun,
    Filter,
    Journal,
    ReplayRequest,
    RunKey,
    RunResult,
    Settled,
)
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.presses.tokens import InteractionUrls
from comethooks.workers.record import Record, event_of
from comethooks.workers.replays.consent import Consent
from comethooks.workers.replays.emitted_events import EmittedEvents
from comethooks.workers.replays.lines import lane_of, place_of
from comethooks.workers.replays.selection import handlers_of
from comethooks.workers.settings.apps import App
from comethooks.workers.settings.defaults import MAX_BODY
from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.settings.values import parse_size
from comethooks.workers.states import OnceState, RunState

_MEMBER = "harness"
INTERACTION_URLS = InteractionUrls(
    (InteractionKey("test", b"a key for tests only"),), "https://comethooks.test"
)
"""Makes the URLs of buttons, and says with which key."""
_CLAIM_MS = 60_000
_LOOK_SECONDS = 0.05
"""How often a run is held to its time limit."""


class TakenKeys:
    """The keys of `ctx.once` that handlers took."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    @property
    def states(self) -> Mapping[str, OnceState]:
        """What is known of each key: `progress`, `done` or `unknown`."""
        return self._engine.once_states


class Engine:
    """Makes runs, and keeps in `journal` what becomes of them."""

    def __init__(
        self,
        clock: Clock,
        intake: MemoryIntake,
        journal: Journal,
        *,
        connect: Connect,
        apps: Mapping[str, App],
    ) -> None:
        self._clock = clock
        self._intake = intake
        self._journal = journal
        self._runs: dict[RunKey, tuple[Delivery, Run]] = {}
        self._places: dict[str, int] = {}
        """Of live events, in the order in which they were accepted."""
        self._numbers = count()
        self._at: Delivery | None = None
        """The delivery of the run that is made."""
        self._failures: list[Exception] = []
        services = Services(
            connect,
            once_keys=journal,
            emit=self._emit,
            interactions=journal.interactions,
            cases=journal.cases,
            apps=apps,
            max_body=parse_size(MAX_BODY),
            clock=clock,
            pacing=Pacing(LocalLimiter(clock), sleep=clock.sleep),
            interaction_urls=INTERACTION_URLS,
        )
        self._runners = Runners(1, services, on_failure=self._failures.append)
        self._runners.start()

    @property
    def once_states(self) -> Mapping[str, OnceState]:
        """What is known of the keys of `ctx.once`."""
        event_ids = dict.fromkeys(key.event_id for key in self._runs)
        taken = (self._journal.once_of(each, self._clock()) for each in event_ids)
        return {each.key: each.state for each in chain.from_iterable(taken)}

    def deliver(self, delivery: Delivery) -> None:
        """Run the event, what handlers make of it, and what waits for its runs."""
        self._have_run(delivery, delivery.record, delivery.event)
        self._work_off()

    def repeat(self, again: Delivery) -> None:
        """Run the event once more, as after a crash before its runs were recorded.

        Those that wait for others wait on.
        """
        event = again.event
        for key, (_, run) in self._runs.items():
            same = (key.event_id, key.replay) == (event.id, event.replay)
            if same and run.state is not RunState.WAITING:
                self._journal.forget_runs(_filter(key))
        self.deliver(again)

    def replay(
        self, name: str, deliveries: Sequence[Delivery], consent: Consent, *, dry_run: bool
    ) -> None:
        """Run the events as the replay `name`. An earlier one of that name is forgotten."""
        self._journal.replays.forget(name)
        self._journal.replays.create(
            name,
            _request(consent),
            now=self._clock(),
            expected=len(deliveries),
            dry_run=dry_run,
        )
        # What is in the file is known, however late in it: nothing emits it again.
        self._journal.write([Settled(each.record, (), None) for each in deliveries])
        for delivery in deliveries:
            self.deliver(delivery)

    def next_due(self, deliveries: Collection[Delivery]) -> int | None:
        """When the next attempt of one of their runs is due, in milliseconds."""
        runs = (run for delivery in deliveries for run in delivery.runs)
        return min((run.stored.next_at for run in runs if run.stored.next_at), default=None)

    def make_due(self, until: int) -> None:
        """Make the attempts that are due until then, each at its time."""
        while (due := self._journal.next_due()) is not None and due <= until:
            self._clock.set(due)
            self._work_off()

    def retry(self, run: Run) -> None:
        """Give a dead run one attempt more. Raises `HarnessError` when it is not dead."""
        _require_dead(run)
        self._journal.retry_runs(_filter(run.key), self._clock())
        self._go_on_after(run)

    def dismiss(self, run: Run) -> None:
        """Be done with a dead run, so that those that waited for it go on. Raises `HarnessError`
        when it is not dead.
        """
        _require_dead(run)
        self._journal.dismiss_runs(_filter(run.key), self._clock())
        self._go_on_after(run)

    def close(self) -> None:
        """End the thread that runs handlers."""
        self._runners.stop()

    def _go_on_after(self, run: Run) -> None:
        delivery, _ = self._runs[run.key]
        self._look(delivery, run.event)
        self._work_off()

    def _have_run(self, delivery: Delivery, record: Record, event: Event) -> None:
        """Write an event into the journal with a run for each handler that wants it. A run that is
        there already stays as it is.
        """
        plugins, consent = delivery.plugins, delivery.consent
        wanting: Sequence[BoundHandler] = (
            handlers_of(_request(consent), plugins, record)
            if consent
            else plugins.handlers_for(record)
        )
        runs = [self._to_run(delivery, record, bound) for bound in wanting]
        partition = None if event.replay else 0  # what came through a stream has one
        self._journal.write([Settled(record, tuple(runs), partition)])
        if any(run.state is RunState.WAITING for run in runs):
            self._journal.release_waiting(self._clock())
        self._look(delivery, event)

    def _to_run(self, delivery: Delivery, record: Record, bound: BoundHandler) -> RunResult:
        replay, now = delivery.event.replay, self._clock()
        if replay and delivery.consent and bound.id in delivery.consent.never:
            return skipped_run(bound, now=now, replay=replay)
        lane = place = None
        if bound.ordered and replay:
            lane, place = lane_of(record, replay), place_of(record)
        elif bound.ordered:
            lane = in_line.name_of(in_line.lane_of(record))
            place = self._places.setdefault(record.id, next(self._numbers))
        # What is delivered is due a millisecond ago, so that all of it runs before what the first
        # run emits, which is due now: ids would leave that to chance.
        due_at = now - (record is delivery.record)
        return due_run(bound, now=due_at, replay=replay, lane=lane, place=place)

    def _work_off(self) -> None:
        """Make the attempts that are due."""
        now = self._clock()
        while (due := self._journal.next_due()) is not None and due <= now:
            [claimed] = self._journal.claim(_MEMBER, now=now, until=now + _CLAIM_MS, limit=1)
            self._attempt(claimed)

    def _attempt(self, claimed: ClaimedRun) -> None:
        delivery, run = self._runs[claimed.key]
        result = self._execute(delivery, run, claimed.attempt)
        if result.next_at is not None:
            # A millisecond from now at the earliest: a test without retries sees one attempt,
            # whatever chance says of the wait.
            result = replace(result, next_at=max(result.next_at, self._clock() + 1))
        result = replace(result, replay=claimed.replay, lane=claimed.lane)
        self._journal.finish(_MEMBER, [(run.event.id, result)])
        self._look(delivery, run.event)
        while record := self._intake.take():
            event = event_of(record)
            delivery.emitted += (event,)
            self._have_run(delivery, record, event)

    def _look(self, delivery: Delivery, event: Event) -> None:
        """Read how the runs on an event stand now, so that a test can ask after the end, too."""
        handlers = {bound.id: bound for bound in delivery.plugins.handlers}
        for stored in self._journal.runs_of(event.id):
            key = RunKey(stored.event_id, stored.handler, stored.replay)
            owner, run = self._runs.get(key, (None, None))
            if run is not None and owner is delivery:
                run.stored = stored
            elif stored.replay == event.replay:
                run = Run(event, handlers[stored.handler], stored)
                self._runs[key] = delivery, run
                delivery.runs += (run,)

    def _execute(self, delivery: Delivery, run: Run, attempt: int) -> RunResult:
        self._at = delivery
        ends: SimpleQueue[RunResult] = SimpleQueue()

        def ended(result: RunResult, *, given_up: bool = False) -> None:
            ends.put(result)

        self._runners.submit(
            lambda runner: runner.execute(
                run.bound, run.event, ended, attempt=attempt, dry_run=delivery.dry_run
            )
        )
        while True:
            try:
                return ends.get(timeout=_LOOK_SECONDS)
            except Empty:
                if self._failures:
                    raise self._failures[0] from None
                self._runners.enforce_limits()

    def _emit(self, record: Record, *, attempt: int, replay: str | None) -> str:
        """In the thread of a run: keep an event that it made."""
        delivery, journal = self._at, self._journal
        assert delivery is not None
        known = journal.known_ids([record.id])
        events = EmittedEvents(self._intake, journal, delivery.plugins, self._clock)
        events.keep(record, attempt=attempt, replay=replay)
        if replay is not None and not known and journal.known_ids([record.id]):
            event = event_of(record, replay)
            delivery.emitted += (event,)
            self._look(delivery, event)
        return record.id


def _request(consent: Consent) -> ReplayRequest:
    return ReplayRequest(
        asked=Filter(), handlers=consent.granted, never=consent.never, from_file=True
    )


def _filter(key: RunKey) -> Filter:
    return Filter(event_id=key.event_id, handler=key.handler, replay=key.replay or "")


def _require_dead(run: Run) -> None:
    if run.state is not RunState.DEAD:
        raise HarnessError(f"{run.handler} is {run.state}: only a dead run is retried or dismissed")
