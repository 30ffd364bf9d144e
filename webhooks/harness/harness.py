"""Delivers events to a plugin as the service would: schemas, patterns, runs, retries, what they emit.

All is done in the test's own process, one run at a time. Runs have a thread of their own, as in a worker, so that
they are held to their time limit. The clock stands still but for the waits between attempts and for what the test
says.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from types import TracebackType
from typing import Any, Self, Unpack

import schemas
from schemas import COMETCHAT, Event
from webhooks.harness.bodies import Fields, Wanted, made, put
from webhooks.harness.calls import Calls
from webhooks.harness.clock import Clock
from webhooks.harness.configuring import bound_handlers
from webhooks.harness.delivery import Delivery, Run, refusal
from webhooks.harness.errors import HarnessError, UnhandledError
from webhooks.harness.once_keys import OnceKeys
from webhooks.imported import LineError, event_in
from webhooks.problems import dumps
from workers.apps import App
from workers.context import Services
from workers.ids import new_id
from workers.journal import RunResult
from workers.loading import BoundHandler
from workers.plugin import Plugin
from workers.record import Kind, Record
from workers.runners import Runners
from workers.running import event_of
from workers.states import RunState

_SEED = 5
_LOOK_SECONDS = 0.05
"""How often a run is held to its time limit."""


class Harness:
    """Delivers events to plugins, and says what they made of them.

    `handler_timeout` is how many seconds a run may take whose handler does not say, as in
    `COMETHOOKS_HANDLER_TIMEOUT`.
    """

    def __init__(self, *, handler_timeout: float = 30.0) -> None:
        self.clock = Clock(self._make_due_attempts)
        """`clock.advance(60)` lets a minute pass, `clock.now` tells the time."""
        self.http = Calls()
        """What `ctx.http` reaches: `http.fail(times=2)`, `http.respond(…)`, `http.requests`."""
        self.once_keys = OnceKeys(self.clock)
        """The keys of `ctx.once`: `once_keys.states`."""
        self.apps: dict[str, App] = {}
        """What `ctx.app` is, by app id: `apps["app"] = App("app", "eu", "a key")`."""
        self._handler_timeout = handler_timeout
        self._random = Random(_SEED)
        self._plugin: tuple[Plugin, Mapping[str, Any] | None] | None = None
        self._kept: set[str] = set()
        self._inbox: deque[Record] = deque()
        self._waiting: list[tuple[int, int, Run, Delivery]] = []
        self._numbers = count()
        self._failures: list[Exception] = []
        services = Services(self.http.client, self.once_keys, self._emit, self.apps)
        self._runners = Runners(1, services, on_failure=self._failures.append)
        self._runners.start()

    def deliver(
        self,
        plugin: Plugin,
        trigger: str | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        variant: str | None = None,
        legacy: bool = False,
        body: Mapping[str, Any] | bytes | None = None,
        set: Mapping[str, Any] | None = None,
        strict: bool = False,
        dry_run: bool = False,
        retries: bool = True,
        allow_unhandled: bool = False,
        **fields: Unpack[Fields],
    ) -> Delivery:
        """Deliver an event to the handlers of `plugin` that want it, and say what came of it.

        The body is a sample of `trigger`, as `comethooks send` makes them: in one of its variants (`"image"`), in its
        `legacy` form, with the `fields` that are named (`text="…"`, `sender="ada"`, `group="crew"`), and with what
        `set` has at dotted paths. Or it is `body`. With `strict` it may hold nothing that the schemas do not know.

        `config` are the plugin's settings. A run that fails has all its attempts, between which the clock moves;
        without `retries` it has one, and more when the clock is advanced. What is emitted goes to the plugin, too.

        Raises `UnhandledError` when no handler wants the event, unless that is allowed, `HarnessError` when it is
        asked for wrongly, and `schemas.InvalidBodyError` for a body that would be refused.
        """
        __tracebackhide__ = True
        handlers = self._handlers(plugin, config)
        if (trigger is None) == (body is None):
            raise HarnessError('name a trigger, such as "message_sent", or give a body={…}')
        if trigger is not None:
            wanted = Wanted(trigger, fields, variant, legacy, set)
            raw = dumps(made(wanted, now_ms=self.clock(), random=self._random))
        else:
            raw = _given(body, fields, set)
        event = event_of(self._accepted(raw, strict=strict))
        if not allow_unhandled and all(refusal(bound, event) for bound in handlers):
            raise UnhandledError(_unhandled(event, handlers))
        return self._deliver(Delivery(event, handlers, dry_run), retries=retries)

    def repeat(self, delivery: Delivery, *, dry_run: bool = False, retries: bool = True) -> Delivery:
        """Deliver the same event once more, as happens when a process dies before its runs are recorded."""
        return self._deliver(Delivery(delivery.event, delivery.handlers, dry_run), retries=retries)

    def replay(
        self,
        file: str | Path,
        plugin: Plugin | None = None,
        *,
        name: str = "replay",
        config: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        retries: bool = True,
    ) -> list[Delivery]:
        """Deliver the events of a file that `comethooks events export` wrote, as a replay of that name.

        To `plugin` or, without, to the one that something was delivered to before, with its settings. Handlers with
        `replay="never"` are skipped. Raises `HarnessError` for a line that is no event.
        """
        __tracebackhide__ = True
        if plugin is None and self._plugin is None:
            raise HarnessError("say which plugin it is for: harness.replay(file, plugin)")
        if plugin is None and self._plugin is not None:
            plugin, known = self._plugin
            config = known if config is None else config
        assert plugin is not None
        handlers = self._handlers(plugin, config)
        events = [event_of(record, replay=name) for record in _records(Path(file))]
        return [self._deliver(Delivery(event, handlers, dry_run), retries=retries) for event in events]

    def close(self) -> None:
        """End the thread that runs handlers."""
        self._runners.stop()
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handlers(self, plugin: Plugin, config: Mapping[str, Any] | None) -> tuple[BoundHandler, ...]:
        __tracebackhide__ = True
        handlers = bound_handlers(plugin, config or {}, self._handler_timeout)
        self._plugin = plugin, config
        return handlers

    def _accepted(self, raw: bytes, *, strict: bool) -> Record:
        body = schemas.decode(raw)
        parsed = schemas.parse(body, raw, strict={"*"} if strict else frozenset())
        return Record(
            kind=Kind.EVENT,
            id=new_id(self.clock()),
            received_at=self.clock(),
            source=COMETCHAT,
            trigger=parsed.trigger,
            name=parsed.name,
            app_id=parsed.app_id,
            conversation_id=parsed.conversation_id,
            sender=parsed.sender,
            occurred_at=parsed.occurred_at,
            body=raw,
        )

    def _deliver(self, delivery: Delivery, *, retries: bool) -> Delivery:
        self._start(delivery, delivery.event)
        while retries and (due := self._next_due(delivery)) is not None:
            self._make_due_attempts(due)
        return delivery

    def _start(self, delivery: Delivery, event: Event) -> None:
        """Make the first attempts on an event, and on what they emit."""
        events = deque([event])
        while events:
            event = events.popleft()
            for bound in delivery.handlers:
                if refusal(bound, event) is None:
                    run = Run(event, bound, delivery.dry_run)
                    delivery.runs += (run,)
                    events.extend(self._attempt(run, delivery))

    def _attempt(self, run: Run, delivery: Delivery) -> list[Event]:
        """Make the next attempt of a run; the events that it emitted for the first time."""
        if run.event.replay is not None and run.bound.handler.replay == "never":
            run.state = RunState.SKIPPED
            return []
        run.take(self._executed(run))
        if run.next_at is not None:
            heapq.heappush(self._waiting, (run.next_at, next(self._numbers), run, delivery))
        emitted = [event_of(record, replay=run.event.replay) for record in self._inbox]
        self._inbox.clear()
        delivery.emitted += tuple(emitted)
        return emitted

    def _executed(self, run: Run) -> RunResult:
        ends: SimpleQueue[RunResult] = SimpleQueue()

        def ended(result: RunResult, *, given_up: bool = False) -> None:
            ends.put(result)

        self._runners.submit(
            lambda runner: runner.execute(
                run.bound, run.event, ended, attempt=run.attempts + 1, dry_run=run.dry_run, clock=self.clock
            )
        )
        while True:
            try:
                return ends.get(timeout=_LOOK_SECONDS)
            except Empty:
                if self._failures:
                    raise self._failures[0] from None
                self._runners.enforce_limits()

    def _next_due(self, delivery: Delivery) -> int | None:
        return min((due for due, _, _, whose in self._waiting if whose is delivery), default=None)

    def _make_due_attempts(self, until: int) -> None:
        while self._waiting and self._waiting[0][0] <= until:
            due, _, run, delivery = heapq.heappop(self._waiting)
            self.clock.set(due)
            for event in self._attempt(run, delivery):
                self._start(delivery, event)

    def _emit(self, record: Record) -> str:
        if record.id not in self._kept:
            self._kept.add(record.id)
            self._inbox.append(replace(record, received_at=self.clock(), occurred_at=self.clock()))
        return record.id


def _given(
    body: Mapping[str, Any] | bytes | None, fields: Fields, changes: Mapping[str, Any] | None
) -> bytes:
    """A body of the test's own, as it goes over the wire."""
    if fields:
        raise HarnessError(
            f"a body of your own says all of it: leave {', '.join(fields)} out, or use set={{…}}"
        )
    if isinstance(body, bytes) and not changes:
        return body
    changed = schemas.decode(body if isinstance(body, bytes) else dumps(body))
    for path, value in (changes or {}).items():
        put(changed, path, value)
    return dumps(changed)


def _records(file: Path) -> Iterable[Record]:
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise HarnessError(f"{file} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = event_in(line)
        except LineError as error:
            raise HarnessError(f"{file}, line {number}: {error}") from None
        if not record.body:
            raise HarnessError(
                f"{file}, line {number}: its body is not kept any more, so no handler can read it"
            )
        yield record


def _unhandled(event: Event, handlers: tuple[BoundHandler, ...]) -> str:
    if not handlers:
        return "the plugin has no handlers: register one with @plugin.on"
    called = event.trigger if event.name in (None, event.trigger) else f"{event.trigger} ({event.name})"
    reasons = (f"  {bound.id} ({bound.handler.where}): {refusal(bound, event)}" for bound in handlers)
    allowed = "If that is right, write allow_unhandled=True."
    return "\n".join((f"no handler wants {called}:", *reasons, allowed))
