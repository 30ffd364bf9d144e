"""What became of the plugins that were found, and which of their handlers want which event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from comethooks.schemas import COMETCHAT
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.retry import Retry

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


@dataclass(frozen=True)
class Plugins:
    """What was found, by name."""

    loaded: tuple[LoadedPlugin, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()
    disabled: tuple[DisabledPlugin, ...] = ()
    _wanting: dict[tuple[str, str | None, str], tuple[BoundHandler, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def handlers(self) -> tuple[BoundHandler, ...]:
        """All handlers, by id."""
        bound = (bound for plugin in self.loaded for bound in plugin.handlers)
        return tuple(sorted(bound, key=lambda bound: bound.id))

    def handlers_for(
        self, trigger: str, name: str | None, source: str = COMETCHAT
    ) -> tuple[BoundHandler, ...]:
        """The handlers that want events of `trigger`, whose canonical name is `name`, by id."""
        wanting = self._wanting.get((trigger, name, source))
        if wanting is None:
            if len(self._wanting) >= _CACHED_TRIGGERS:  # triggers come from outside, in any number
                self._wanting.clear()
            wanting = tuple(
                bound for bound in self.handlers if bound.handler.matches(trigger, name, source)
            )
            self._wanting[trigger, name, source] = wanting
        return wanting
