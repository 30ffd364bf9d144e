"""Delivers events to a plugin as the service would: schemas, duplicates, patterns, runs, retries,
order.

All is done in the test's own process, one run at a time. The clock stands still but for the waits
between attempts and for what the test says.
"""

from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, Unpack

from comethooks.schemas import Parsed
from comethooks.testing.accepting import Duplicates, parsed_of, record_of
from comethooks.testing.asked import Asked
from comethooks.testing.bodies import Fields
from comethooks.testing.clock import Clock
from comethooks.testing.configuring import bound_handlers
from comethooks.testing.delivery import Delivery, Run, refusal
from comethooks.testing.emissions import Emissions
from comethooks.testing.errors import HarnessError, UnhandledError
from comethooks.testing.http_calls import Calls
from comethooks.testing.once_keys import OnceKeys
from comethooks.testing.pipeline import Pipeline
from comethooks.testing.replayed import left_out, records_in, require_one_that_runs
from comethooks.workers.handlers.context import Services
from comethooks.workers.handlers.run import event_of
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.settings.apps import App
from comethooks.workers.settings.settings import MAX_BODY
from comethooks.workers.settings.values import parse_size

_SEED = 5
_DAY_SECONDS = 24 * 3600


class Harness:
    """Delivers events to plugins, and says what they made of them.

    `handler_timeout` is how many seconds a run may take whose handler does not say, as in
    `COMETHOOKS_HANDLER_TIMEOUT`, and `duplicate_window` for how many a body is recognised, as in
    `COMETHOOKS_DUPLICATE_WINDOW`.
    """

    def __init__(
        self, *, handler_timeout: float = 30.0, duplicate_window: int = _DAY_SECONDS
    ) -> None:
        self.clock = Clock(lambda until: self._pipeline.make_due(until))
        """`clock.advance(60)` lets a minute pass, `clock.now` tells the time."""
        self.http = Calls()
        """What `ctx.http` reaches: `http.fail(times=2)`, `http.respond(…)`, `http.requests`."""
        self.once_keys = OnceKeys(self.clock)
        """The keys of `ctx.once`: `once_keys.states`."""
        self.apps: dict[str, App] = {}
        """What `ctx.app` is, by app id: `apps["app"] = App("app", "eu", "a key")`."""
        self._handler_timeout = handler_timeout
        self._random = Random(_SEED)
        self._numbers = count()
        self._plugin: tuple[Plugin, Mapping[str, Any] | None] | None = None
        self._duplicates = Duplicates(self.clock, duplicate_window)
        self._emissions = Emissions(self.clock)
        services = Services(
            self.http.client,
            self.once_keys,
            self._emissions.keep,
            self.apps,
            max_body=parse_size(MAX_BODY),
        )
        self._pipeline = Pipeline(self.clock, services, self._emissions)

    def deliver(
        self,
        plugin: Plugin,
        trigger: str | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        variant: str | None = None,
        legacy: bool = False,
        bookmark: str | Path | None = None,
        body: Mapping[str, Any] | bytes | None = None,
        set: Mapping[str, Any] | None = None,
        strict: bool = False,
        dry_run: bool = False,
        retries: bool = True,
        allow_unhandled: bool = False,
        **fields: Unpack[Fields],
    ) -> Delivery:
        """Deliver an event to the handlers of `plugin` that want it, and say what came of it.

        The body is a sample of `trigger`, as `comethooks send` makes them: in one of its variants
        (`"image"`), in its `legacy` form, with the `fields` that are named (`text="…"`,
        `sender="ada"`, `group="crew"`), and with what `set` has at dotted paths. Or it is a
        `bookmark`, by its name or its file, with its times moved so that it happens now. Or it is
        `body`. With `strict` it may hold nothing that the schemas do not know.

        A body that repeats what the plugin was given before is a `duplicate`: nothing runs. What is
        made up, or of a bookmark, is another event each time; the clock moves a second where that
        takes another time.

        `config` are the plugin's settings. A run that fails has all its attempts, between which the
        clock moves; without `retries` it has one, and more when the clock is advanced. A run of an
        ordered handler is `waiting` as long as an earlier one of its conversation is not done. What
        is emitted goes to the plugin, too.

        Raises `UnhandledError` when no handler wants the event, unless that is allowed,
        `HarnessError` when it is asked for wrongly, and `schemas.InvalidBodyError` for a body that
        would be refused.
        """
        __tracebackhide__ = True
        handlers = self._handlers(plugin, config)
        asked = Asked(
            trigger=trigger,
            bookmark=bookmark,
            body=body,
            changes=set,
            variant=variant,
            legacy=legacy,
            fields=fields,
        )
        raw, parsed, first = self._received(plugin, asked, strict=strict)
        if first is not None:
            return Delivery(first.event, handlers, dry_run, first.record, repeats=first)
        record = record_of(parsed, raw, self.clock(), next(self._numbers))
        delivery = Delivery(event_of(record), handlers, dry_run, record)
        if not allow_unhandled and all(refusal(bound, delivery.event) for bound in handlers):
            raise UnhandledError(_unhandled(delivery))
        self._duplicates.remember(plugin, parsed, delivery)
        return self._deliver([delivery], retries=retries)[0]

    def repeat(
        self, delivery: Delivery, *, dry_run: bool = False, retries: bool = True
    ) -> Delivery:
        """Deliver the same event once more, as happens when a process dies before its runs are
        recorded.
        """
        again = Delivery(
            delivery.event, delivery.handlers, dry_run, delivery.record, delivery.left_out
        )
        return self._deliver([again], retries=retries)[0]

    def replay(
        self,
        file: str | Path,
        plugin: Plugin | None = None,
        *,
        name: str = "replay",
        include: Collection[str] = (),
        config: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        retries: bool = True,
    ) -> list[Delivery]:
        """Deliver the events of a file that `comethooks events export` wrote, as a replay of that
        name.

        Each once, the oldest first; what fails is tried again after all of them. To `plugin` or,
        without, to the one that something was delivered to before, with its settings. As in a
        service a handler with `replay="never"` is skipped, and one with `replay="ask"`, the
        default, left out unless `include` has its id. Raises `HarnessError` for a line that is no
        event, and when no handler that would get one may run without `include`.
        """
        __tracebackhide__ = True
        if plugin is None and self._plugin is None:
            raise HarnessError("say which plugin it is for: harness.replay(file, plugin)")
        if plugin is None and self._plugin is not None:
            plugin, known = self._plugin
            config = known if config is None else config
        assert plugin is not None
        handlers = self._handlers(plugin, config)
        without = left_out(handlers, include)
        records = records_in(Path(file))
        deliveries = [
            Delivery(event_of(record, replay=name), handlers, dry_run, record, without)
            for record in records
        ]
        self._emissions.know(record.id for record in records)
        require_one_that_runs(deliveries)
        return self._deliver(deliveries, retries=retries)

    def retry(self, run: Run) -> None:
        """Give a dead run one attempt more, as `comethooks runs retry` does.

        Raises `HarnessError` if it is not dead.
        """
        self._pipeline.retry(run)

    def dismiss(self, run: Run) -> None:
        """Be done with a dead run, as `comethooks runs dismiss` is: the runs that wait for it go
        on.

        Raises `HarnessError` if it is not dead.
        """
        self._pipeline.dismiss(run)

    def close(self) -> None:
        """End the thread that runs handlers."""
        self._pipeline.close()
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _handlers(
        self, plugin: Plugin, config: Mapping[str, Any] | None
    ) -> tuple[BoundHandler, ...]:
        __tracebackhide__ = True
        handlers = bound_handlers(plugin, config or {}, self._handler_timeout)
        self._plugin = plugin, config
        return handlers

    def _received(
        self, plugin: Plugin, asked: Asked, *, strict: bool
    ) -> tuple[bytes, Parsed, Delivery | None]:
        """The body that is asked for, and the delivery that it repeats. Where it can, it happens
        later instead.
        """
        make = asked.maker(self._random)
        for can_wait in (asked.is_made_up, False):
            raw = make(self.clock())
            parsed = parsed_of(raw, strict=strict)
            first = self._duplicates.first(plugin, parsed)
            if first is None or not parsed.duplicate_key_has_time or not can_wait:
                break
            self.clock.advance(1)
        return raw, parsed, first

    def _deliver(self, deliveries: list[Delivery], *, retries: bool) -> list[Delivery]:
        for delivery in deliveries:
            self._pipeline.begin(delivery)
        while retries and (due := self._pipeline.next_due(deliveries)) is not None:
            self._pipeline.make_due(due)
        return deliveries


def _unhandled(delivery: Delivery) -> str:
    if not delivery.handlers:
        return "the plugin has no handlers: register one with @plugin.on"
    event = delivery.event
    called = (
        event.trigger if event.name in (None, event.trigger) else f"{event.trigger} ({event.name})"
    )
    wheres = {bound.id: bound.handler.where for bound in delivery.handlers}
    reasons = (
        f"  {handler} ({wheres[handler]}): {reason}" for handler, reason in delivery.why_not.items()
    )
    allowed = "If that is right, write allow_unhandled=True."
    return "\n".join((f"no handler wants {called}:", *reasons, allowed))
