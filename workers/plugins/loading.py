"""Loading the plugins that are found: checked, configured, in a stable order.

A plugin that cannot be used is quarantined, named with file and line, and the others run. Loading
runs the plugins' code, so it happens in the processes that need handlers and nowhere else.
"""

import difflib
import traceback
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rq.timeouts import BaseTimeoutException

from comethooks.schemas import COMETCHAT, TRIGGERS
from comethooks.workers.logs import one_line
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.discovery import Source, SourceError, sources
from comethooks.workers.plugins.plugin import Handler, OptionError, Plugin, PluginError
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.settings.settings import NAMES, Settings

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
    """Which code it is: the version of what is installed, or the beginning of a SHA-256 of the
    file."""
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
    want to look at.
    """

    name: str
    origin: str
    version: str
    file: str
    config: Config
    handlers: tuple[BoundHandler, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin in quarantine. `where` is `file:line`, as near as is known; `error` is one line."""

    name: str
    origin: str
    where: str
    error: str


@dataclass(frozen=True)
class DisabledPlugin:
    """A plugin that `COMETHOOKS_DISABLED_PLUGINS` names, by its name, its entry point's or its
    file's.
    """

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


def load_plugins(settings: Settings) -> Plugins:
    """Load every plugin that is found. What a plugin raises puts it in quarantine, and goes no
    further.

    What RQ raises when the job's time is over is not the plugin's, and does go further.
    """
    loading = _Loading(settings)
    for source in sources(settings):
        loading.add(source)
    names = frozenset(plugin.name for plugin in loading.loaded)
    loaded = [
        replace(plugin, warnings=tuple(_warnings(plugin, names))) for plugin in loading.loaded
    ]
    return Plugins(
        loaded=tuple(sorted(loaded, key=lambda plugin: plugin.name)),
        broken=tuple(sorted(loading.broken, key=lambda plugin: plugin.name)),
        disabled=tuple(sorted(loading.disabled, key=lambda plugin: plugin.name)),
    )


class _Loading:
    """Sorts what the sources give into loaded, broken and disabled, in the order it is found."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: list[Plugin] = []
        self.loaded: list[LoadedPlugin] = []
        self.broken: list[BrokenPlugin] = []
        self.disabled: list[DisabledPlugin] = []

    def add(self, source: Source) -> None:
        """Load what `source` has, unless it is disabled."""
        if source.name in self._settings.disabled_plugins:
            self.disabled.append(DisabledPlugin(source.name, source.origin, source.place))
            return
        try:
            plugins, version = source.load(), source.version()
        except BaseTimeoutException:
            raise
        except (Exception, SystemExit) as error:
            where = _line_in(source.own(), error) or source.place
            self.broken.append(BrokenPlugin(source.name, source.origin, where, _explained(error)))
            return
        for plugin in plugins:
            if not any(plugin is other for other in self._seen):
                self._add_plugin(plugin, source.origin, version)
                self._seen.append(plugin)

    def _add_plugin(self, plugin: Plugin, origin: str, version: str) -> None:
        if plugin.name in self._settings.disabled_plugins:
            self.disabled.append(DisabledPlugin(plugin.name, origin, plugin.where))
            return
        try:
            self._check_name(plugin)
            self.loaded.append(_configured(plugin, origin, version, self._settings))
        except (SourceError, PluginError) as error:
            where = error.where if isinstance(error, PluginError) else plugin.where
            self.broken.append(BrokenPlugin(plugin.name, origin, where, _explained(error)))

    def _check_name(self, plugin: Plugin) -> None:
        for other in self._seen:
            if other.name == plugin.name:
                raise SourceError(
                    f"{other.where} has a plugin of the same name; rename or disable one of them"
                )


def _configured(plugin: Plugin, origin: str, version: str, settings: Settings) -> LoadedPlugin:
    config = plugin.load_config(settings.environ)
    return LoadedPlugin(
        name=plugin.name,
        origin=origin,
        version=version,
        file=plugin.where.rpartition(":")[0],
        config=config,
        handlers=tuple(
            BoundHandler(handler, config, _timeout(handler, settings), version)
            for handler in plugin.handlers
        ),
    )


def _timeout(handler: Handler, settings: Settings) -> float:
    """How long a run may take. Not longer than the setting, since that is how long a stop waits for
    it.
    """
    most = settings.handler_timeout
    if handler.timeout is None:
        return most
    if handler.timeout > most:
        raise OptionError(
            f"handler {handler.id}",
            f"its timeout of {handler.timeout:g} s is longer than the {most:g} s that a handler may"
            f" take; raise {NAMES['handler_timeout']} or shorten the timeout",
            where=handler.where,
        )
    return float(handler.timeout)


def _warnings(plugin: LoadedPlugin, plugins: AbstractSet[str]) -> Iterator[str]:
    """Patterns that no known trigger fits, nor an event of one of `plugins`.

    They may be right: CometChat adds triggers.
    """
    known = {*TRIGGERS, *(trigger.canonical for trigger in TRIGGERS.values() if trigger.canonical)}
    for bound in plugin.handlers:
        for pattern in bound.handler.patterns:
            name, dot, _ = pattern.partition(".")
            is_of_plugin = bool(dot) and name in plugins
            if (
                "*" not in pattern
                and ":" not in pattern
                and pattern not in known
                and not is_of_plugin
            ):
                near = difflib.get_close_matches(pattern, known, n=1)
                hint = f'; did you mean "{near[0]}"?' if near else ""
                yield (
                    f'{bound.id} ({bound.handler.where}): "{pattern}" is no trigger known to this'
                    f" version{hint}"
                )


def _explained(error: BaseException) -> str:
    """One line: ours stand for themselves, those of others need their type."""
    return str(error) if isinstance(error, PluginError | SourceError) else one_line(error)


def _line_in(own: Path | None, error: BaseException) -> str | None:
    """The innermost line of what is `own` to the plugin that `error` came through, as
    `file:line`.
    """
    if own is None:
        return None
    if (
        isinstance(error, SyntaxError)
        and error.filename
        and Path(error.filename).is_relative_to(own)
    ):
        return f"{error.filename}:{error.lineno}"
    lines = [
        f"{frame.filename}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(own)
    ]
    return lines[-1] if lines else None
