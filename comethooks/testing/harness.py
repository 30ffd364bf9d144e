"""Delivers events to a plugin as the service would: schemas, duplicates, patterns, runs, retries,
order.

All is done in the test's own process, one run at a time. The clock stands still but for the waits
between attempts and for what the test says.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, Unpack

from comethooks.samples.fields import Fields
from comethooks.schemas import Vote
from comethooks.testing.bodies import WantedBody, decision_named
from comethooks.testing.chat_app import ChatApp
from comethooks.testing.clock import Clock
from comethooks.testing.configuring import loaded
from comethooks.testing.deciding import Decide
from comethooks.testing.delivery import Delivery, Run, unhandled
from comethooks.testing.engine import Engine, TakenKeys
from comethooks.testing.errors import HarnessError, UnhandledError
from comethooks.testing.http_calls import Calls
from comethooks.testing.intake import MemoryIntake
from comethooks.testing.interactions import Interactions, Options
from comethooks.testing.journal_file import JournalFile
from comethooks.testing.reception import Reception
from comethooks.testing.replayed import consent_to, events_in, require_one_that_runs
from comethooks.testing.silences import Silences
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.handlers.http import ANSWER_SECONDS
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record, event_of
from comethooks.workers.settings.apps import App

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
        self._random = Random(_SEED)
        self.clock = Clock(lambda until: self._engine.make_due(until))
        """`clock.advance(60)` lets a minute pass, `clock.now` tells the time."""
        self.cometchat = ChatApp(self.clock, sleep=self.clock.sleep, patience=ANSWER_SECONDS)
        """What `ctx.cometchat` reaches: `cometchat.sent`, `cometchat.has_group(…)`."""
        self.apps: dict[str, App] = {}
        """What `ctx.app` is, by app id: `apps["app"] = App("app", "eu", "a key")`."""
        self.http = Calls(self.cometchat)
        """What `ctx.http` reaches: `http.fail(times=2)`, `http.respond(…)`, `http.requests`."""
        self._intake = MemoryIntake(self.clock, duplicate_window)
        self._reception = Reception(self.clock, self._intake, self._random)
        services = DeciderServices(self.http.client, self.apps)
        self.decide = Decide(self._loaded, self._reception, services)
        """What deciders say of a message in flight: `decide(plugin, "before_message", …)`."""
        self.interactions = Interactions(self._deliver_record, self.clock, self._random)
        """What end users do: `interactions.press(…)`, `interactions.complete(…)`."""
        self.silences = Silences(self._deliver_record, self.clock)
        """Apps that fall silent: `silences.begin(…)`, `silences.end(…)`."""
        self._handler_timeout = handler_timeout
        self._last: tuple[Plugin | None, Mapping[str, Any] | None] = None, None
        """The plugin that something was delivered to, and its settings."""
        self._deliveries: dict[str, Delivery] = {}
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
        lenient: bool = False,
        decision: str | None = None,
        votes: Iterable[Vote] = (),
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
        `body`. With `strict` it may hold nothing that the schemas do not know; with `lenient` it
        may lack what they require, and is a misfit then. As a message in flight it comes with the
        `decision` on it, `"allow"`, `"drop"` or `"annotate"`, and with `votes`; without one, with
        what the plugin's deciders say, who are asked as by `decide`.

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
        if strict and lenient:
            raise HarnessError("a delivery is strict or lenient; leave one of them out")
        record, parsed = self._reception.receive(plugin, wanted, strict=strict, lenient=lenient)
        if decision is None and not self._intake.first((plugin, parsed.duplicate_key)):
            record = self.decide.decided(plugins, record)
        else:
            record = replace(record, decision=decision_named(decision), votes=tuple(votes))
        return self._take(
            plugin,
            Delivery(event_of(record), plugins, dry_run, record),
            parsed.duplicate_key,
            has_time=parsed.duplicate_key_has_time,
            allow_unhandled=allow_unhandled,
            retries=retries,
        )

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
        require_one_that_runs((each.record for each in deliveries), plugins, consent)
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

    def _deliver_record(
        self, plugin: Plugin, record: Record, duplicate_key: bytes, **options: Unpack[Options]
    ) -> Delivery:
        """Deliver an event that no body of CometChat is; one without an id gets one."""
        __tracebackhide__ = True
        plugins, dry_run = self._loaded(plugin, options.get("config")), options.get("dry_run")
        identifier = record.id or self._intake.new_id()
        record = replace(record, id=identifier, key=record.key or identifier)
        return self._take(
            plugin,
            Delivery(event_of(record), plugins, bool(dry_run), record),
            duplicate_key,
            has_time=False,
            allow_unhandled=options.get("allow_unhandled", False),
            retries=options.get("retries", True),
        )

    def _take(
        self,
        plugin: Plugin,
        delivery: Delivery,
        duplicate_key: bytes,
        *,
        has_time: bool,
        allow_unhandled: bool,
        retries: bool,
    ) -> Delivery:
        """Have the event of a delivery run, unless it repeats one."""
        __tracebackhide__ = True
        if first := self._intake.first((plugin, duplicate_key)):
            delivery.repeats = self._deliveries[first]
            delivery.event, delivery.record = delivery.repeats.event, delivery.repeats.record
            return delivery
        if not allow_unhandled and len(delivery.why_not) == len(delivery.plugins.handlers):
            raise UnhandledError(unhandled(delivery))
        self._intake.remember(delivery.record.id, (plugin, duplicate_key), has_time=has_time)
        self._deliveries[delivery.record.id] = delivery
        self._engine.deliver(delivery)
        self._finish([delivery], retries=retries)
        return delivery

    def _finish(self, deliveries: Collection[Delivery], *, retries: bool) -> None:
        """With `retries`, let the time pass until nothing of them is to be tried again."""
        while retries and (due := self._engine.next_due(deliveries)) is not None:
            self._engine.make_due(due)
