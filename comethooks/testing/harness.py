"""Delivers events to a plugin as the service would: schemas, duplicates, patterns, runs, retries,
order.

All is done in the test's own process, one run at a time. The clock stands still but for the waits
between attempts and for what the test says.
"""

import os
from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, Unpack

from comethooks import schemas
from comethooks.samples.fields import Fields
from comethooks.schemas import Parsed
from comethooks.testing.bodies import WantedBody
from comethooks.testing.clock import Clock
from comethooks.testing.configuring import loaded
from comethooks.testing.delivery import Delivery, Run
from comethooks.testing.engine import Engine, TakenKeys
from comethooks.testing.errors import HarnessError, UnhandledError
from comethooks.testing.http_calls import Calls
from comethooks.testing.intake import MemoryIntake
from comethooks.testing.journal_file import JournalFile
from comethooks.testing.replayed import consent_to, events_in, require_one_that_runs
from comethooks.workers.handlers.run import event_of
from comethooks.workers.ids import new_id
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import event_record
from comethooks.workers.settings.apps import App

_SEED = 5
_DAY_SECONDS = 24 * 3600
_NUMBERS = 4096
"""What there is room for in an id before chance."""


class Harness:
    """Delivers events to plugins, and says what they made of them.

    `handler_timeout` is how many seconds a run may take whose handler does not say, as in
    `COMETHOOKS_HANDLER_TIMEOUT`, and `duplicate_window` for how many a body is recognised, as in
    `COMETHOOKS_DUPLICATE_WINDOW`.
    """

    def __init__(
        self, *, handler_timeout: float = 30.0, duplicate_window: int = _DAY_SECONDS
    ) -> None:
        self.clock = Clock(lambda until: self._engine.make_due(until))
        """`clock.advance(60)` lets a minute pass, `clock.now` tells the time."""
        self.http = Calls()
        """What `ctx.http` reaches: `http.fail(times=2)`, `http.respond(…)`, `http.requests`."""
        self.apps: dict[str, App] = {}
        """What `ctx.app` is, by app id: `apps["app"] = App("app", "eu", "a key")`."""
        self._handler_timeout = handler_timeout
        self._random = Random(_SEED)
        self._numbers = count()
        self._last: tuple[Plugin | None, Mapping[str, Any] | None] = None, None
        """The plugin that something was delivered to, and its settings."""
        self._deliveries: dict[str, Delivery] = {}
        self._intake = MemoryIntake(self.clock, duplicate_window)
        self._file = JournalFile()
        self._engine = Engine(
            self.clock, self._intake, self._file.journal, connect=self.http.client, apps=self.apps
        )
        self.once_keys = TakenKeys(self._engine)
        """The keys of `ctx.once`: `once_keys.states`."""

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
        plugins = self._loaded(plugin, config)
        wanted = WantedBody(
            trigger=trigger,
            bookmark=bookmark,
            body=body,
            changes=set,
            variant=variant,
            legacy=legacy,
            fields=fields,
        )
        raw, parsed, first = self._received(plugin, wanted, strict=strict)
        if first is not None:
            return Delivery(first.event, plugins, dry_run, first.record, repeats=first)
        record = event_record(parsed, id=self._new_id(), received_at=self.clock(), body=raw)
        delivery = Delivery(event_of(record), plugins, dry_run, record)
        if not allow_unhandled and len(delivery.why_not) == len(plugins.handlers):
            raise UnhandledError(_unhandled(delivery))
        self._intake.remember(
            record.id, (plugin, parsed.duplicate_key), has_time=parsed.duplicate_key_has_time
        )
        self._deliveries[record.id] = delivery
        self._engine.deliver(delivery)
        self._finish([delivery], retries=retries)
        return delivery

    def repeat(
        self, delivery: Delivery, *, dry_run: bool = False, retries: bool = True
    ) -> Delivery:
        """Deliver the same event once more, as happens when a process dies before it has recorded
        the runs.
        """
        again = Delivery(
            delivery.event, delivery.plugins, dry_run, delivery.record, delivery.consent
        )
        self._engine.repeat(again)
        self._finish([again], retries=retries)
        return again

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
        if plugin is None:
            plugin, last_config = self._last
            config = last_config if config is None else config
        if plugin is None:
            raise HarnessError("say which plugin it is for: harness.replay(file, plugin)")
        plugins = self._loaded(plugin, config)
        consent = consent_to(plugins, include)
        deliveries = [
            Delivery(event_of(record, replay=name), plugins, dry_run, record, consent)
            for record in events_in(Path(file))
        ]
        require_one_that_runs((each.event for each in deliveries), plugins, consent)
        self._engine.replay(name, deliveries, consent, dry_run=dry_run)
        self._finish(deliveries, retries=retries)
        return deliveries

    def retry(self, run: Run) -> None:
        """Give a dead run one attempt more, as `comethooks runs retry` does.

        Raises `HarnessError` if it is not dead.
        """
        self._engine.retry(run)

    def dismiss(self, run: Run) -> None:
        """Be done with a dead run, as `comethooks runs dismiss` is: the runs that wait for it go
        on.

        Raises `HarnessError` if it is not dead.
        """
        self._engine.dismiss(run)

    def close(self) -> None:
        """End the thread that runs handlers, and delete the journal."""
        self._engine.close()
        self.http.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _loaded(self, plugin: Plugin, config: Mapping[str, Any] | None) -> Plugins:
        __tracebackhide__ = True
        plugins = loaded(plugin, config or {}, self._handler_timeout)
        self._last = plugin, config
        return plugins

    def _new_id(self) -> str:
        """Ids of one millisecond are in the order in which they are made."""
        number = (next(self._numbers) % _NUMBERS).to_bytes(2)
        return new_id(self.clock(), number + os.urandom(8))

    def _received(
        self, plugin: Plugin, wanted: WantedBody, *, strict: bool
    ) -> tuple[bytes, Parsed, Delivery | None]:
        """The body that is asked for, what it says, and the delivery that it repeats, if any.

        A body that is made up happens a second later instead, where that makes it another event.
        """
        make = wanted.maker(self._random)
        for can_wait in (wanted.is_made_up, False):
            raw = make(self.clock())
            parsed = schemas.parse(schemas.decode(raw), raw, strict={"*"} if strict else set())
            first = self._intake.first((plugin, parsed.duplicate_key))
            if first is None or not parsed.duplicate_key_has_time or not can_wait:
                break
            self.clock.advance(1)
        return raw, parsed, None if first is None else self._deliveries[first]

    def _finish(self, deliveries: Collection[Delivery], *, retries: bool) -> None:
        """With `retries`, let the time pass until nothing of them is to be tried again."""
        while retries and (due := self._engine.next_due(deliveries)) is not None:
            self._engine.make_due(due)


def _unhandled(delivery: Delivery) -> str:
    if not delivery.plugins.handlers:
        return "the plugin has no handlers: register one with @plugin.on"
    event = delivery.event
    called = (
        event.trigger if event.name in (None, event.trigger) else f"{event.trigger} ({event.name})"
    )
    wheres = {bound.id: bound.handler.where for bound in delivery.plugins.handlers}
    reasons = (
        f"  {handler} ({wheres[handler]}): {reason}" for handler, reason in delivery.why_not.items()
    )
    allowed = "If that is right, write allow_unhandled=True."
    return "\n".join((f"no handler wants {called}:", *reasons, allowed))
