"""What became of the plugins that were found, and which of their handlers want which event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from comethooks.schemas.event.messages import MARK_IN_BODY
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.deciders.decider import Decider
from comethooks.workers.plugins.event_filters import Facts, lets
from comethooks.workers.plugins.forgetters.forgetter import Forgetter
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.record import Record

_CACHED_TRIGGERS = 1_024


@dataclass(frozen=True, slots=True)
class BoundHandler:
    """A handler with what its plugin and the settings add: what it takes to run it.

    `id`, `function`, `retry` and `ordered` are the handler's, kept here because every run reads
    them.
    """

    handler: Handler
    config: Config
    timeout: float
    """Seconds that a run may take: the handler's own, or what the settings say."""
    version: str
    """Which code it is: the version of what is installed, or the first digits of a SHA-256."""
    waits: float | None = None
    """Seconds that its runs wait for its plugin, which is not loaded; None: it is."""
    id: str = field(init=False)
    """`plugin.function`."""
    function: Callable[..., Any] = field(init=False)
    """What is called with the event and the context."""
    retry: Retry | None = field(init=False)
    ordered: bool = field(init=False)
    """Whether, when a run fails, those of later events of the conversation wait for it."""

    def __post_init__(self) -> None:
        for name in ("id", "function", "retry", "ordered"):
            object.__setattr__(self, name, getattr(self.handler, name))


@dataclass(frozen=True, slots=True)
class BoundDecider:
    """A decider with what its plugin adds: what it takes to ask it."""

    decider: Decider
    config: Config
    version: str
    """Which code it is, as of a `BoundHandler`."""

    @property
    def id(self) -> str:
        """`plugin.function`."""
        return self.decider.id


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin that runs.

    `origin` says how it was found, `version` which code it is, and `warnings` what its author may
    want to look at. `newer` is set when this is the last good version: what is in its file now, and
    cannot be loaded.
    """

    name: str
    origin: str
    version: str
    file: str
    config: Config
    handlers: tuple[BoundHandler, ...]
    warnings: tuple[str, ...] = ()
    newer: "BrokenPlugin | None" = None
    deciders: tuple[BoundDecider, ...] = ()
    forgetters: tuple[Forgetter, ...] = ()


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin in quarantine. `where` is `file:line`, as near as is known; `error` is one line.

    `name_is_taken` says that nothing else is wrong: the name belongs to another plugin.
    """

    name: str
    origin: str
    where: str
    error: str
    name_is_taken: bool = False


@dataclass(frozen=True)
class DisabledPlugin:
    """A plugin that a setting disables, by its own name or that of its entry point or file."""

    name: str
    origin: str
    where: str


class _Fitting(NamedTuple):
    """The handlers whose patterns fit some events, by id; those of them without filters; and
    those with.
    """

    every: tuple[BoundHandler, ...]
    plain: tuple[BoundHandler, ...]
    filtering: tuple[BoundHandler, ...]


@dataclass(frozen=True)
class Plugins:
    """What was found, by name."""

    loaded: tuple[LoadedPlugin, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()
    disabled: tuple[DisabledPlugin, ...] = ()
    absent: tuple[BoundHandler, ...] = ()
    """Handlers of plugins that are known and were left out: what is theirs is to wait."""
    _fitting: dict[tuple[str, str | None, str], _Fitting] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def handlers(self) -> tuple[BoundHandler, ...]:
        """All handlers, by id."""
        bound = (bound for plugin in self.loaded for bound in plugin.handlers)
        return tuple(sorted(bound, key=lambda bound: bound.id))

    @property
    def deciders(self) -> tuple[BoundDecider, ...]:
        """All deciders, by plugin and function."""
        return tuple(bound for plugin in self.loaded for bound in plugin.deciders)

    def handlers_for(self, event: Record) -> tuple[BoundHandler, ...]:
        """The handlers that want an event that was kept, by id; with those that are absent."""
        fitting = self._by_patterns(event.trigger or "", event.name, event.source)
        if MARK_IN_BODY in event.body:
            facts = Facts(event)
            return tuple(bound for bound in fitting.every if bound.handler.wants(facts))
        if not fitting.filtering:
            return fitting.every
        # Nearly every event comes by here: `interactions`, which is shipped, wants few messages.
        facts = Facts(event)
        wanting = [bound.id for bound in fitting.filtering if lets(bound.handler.filters, facts)]
        if not wanting:
            return fitting.plain
        return tuple(
            bound for bound in fitting.every if not bound.handler.filters or bound.id in wanting
        )

    def _by_patterns(self, trigger: str, name: str | None, source: str) -> _Fitting:
        """The handlers whose patterns fit such events."""
        known = self._fitting.get((trigger, name, source))
        if known is None:
            if len(self._fitting) >= _CACHED_TRIGGERS:  # triggers come from outside, in any number
                self._fitting.clear()
            every = tuple(
                bound
                for bound in sorted((*self.handlers, *self.absent), key=lambda bound: bound.id)
                if bound.handler.matches(trigger, name, source)
            )
            known = _Fitting(
                every,
                tuple(bound for bound in every if not bound.handler.filters),
                tuple(bound for bound in every if bound.handler.filters),
            )
            self._fitting[trigger, name, source] = known
        return known
