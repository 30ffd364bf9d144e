"""The plugins as `comethooks plugins` shows them: what is found here, and what the workers have."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.output import Cell, Column, print_json, print_table, styled
from comethooks.cli.terminal.stores import workers_and_web
from comethooks.workers.journal import iso
from comethooks.workers.plugins.comparing import (
    ABSENT,
    WEB_PROCESSES,
    Compared,
    Holding,
    compare,
    differing,
    resting,
)
from comethooks.workers.plugins.deciders.decider import Decider
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.loaded import (
    BoundDecider,
    BoundHandler,
    LoadedPlugin,
    Plugins,
)
from comethooks.workers.plugins.looking import look_at_plugins, overlooked
from comethooks.workers.plugins.published import HeldPlugin, WorkerPlugins, held
from comethooks.workers.settings.settings import Settings
from comethooks.workers.shipped import DECIDES_NOTHING

_COLUMNS = (
    Column("NAME", folds_at=16),
    Column("STATE"),
    Column("WORKERS"),
    Column("HANDLER", folds_at=24),
    Column("PATTERNS", folds_at=24),
    Column("FILTERS", spare=2, folds_at=24),
    Column("ATTEMPTS", spare=3),
    Column("TIMEOUT", spare=4),
    Column("OPTIONS", spare=7),
    Column("VERSION", spare=5, folds_at=12),
    Column("WHERE", spare=1, folds_at=24),
    Column("FROM", spare=6, folds_at=16),
)

_FEW = 3
"""Patterns that the table names, of a handler that has many."""


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """A plugin as it is shown, and as JSON has it.

    `compared` is what the workers have of it; None when that is not known, or nothing is loaded
    from it anywhere.
    """

    name: str
    state: str
    origin: str
    where: str
    version: str | None = None
    handlers: tuple[BoundHandler, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    compared: Compared | None = field(default=None, repr=False)
    deciders: tuple[BoundDecider, ...] = ()
    web: tuple[Holding, ...] = field(default=(), repr=False)
    """What web processes have of it, where that is not what is found here."""
    resting: tuple[str, ...] = ()
    """Sentences on its deciders that web processes do not ask for a while."""

    def document(self) -> dict[str, Any]:
        """The plugin in JSON."""
        apart = {"compared", "web"}
        shown = {name: getattr(self, name) for name in self.__slots__ if name not in apart}
        shown["web_differs"] = [holding_document(each, "processes") for each in self.web]
        shown["handlers"] = [_handler(bound) for bound in self.handlers]
        shown["deciders"] = [_decider(bound.decider) for bound in self.deciders]
        known = self.compared
        return {**shown, "workers": known and [holding_document(each) for each in known.holdings]}


def find(settings: Settings) -> list[FoundPlugin]:
    """The plugins that are found here or that a worker has. Runs the code of those here."""
    plugins = look_at_plugins(settings)
    at_work = workers_and_web(settings)
    workers, web = at_work or (None, ())
    here = held(plugins)
    compared = {} if workers is None else {each.name: each for each in compare(here, workers)}
    found = [*_found(plugins, compared), *map(_ignored, overlooked(settings))]
    names = {plugin.name for plugin in found}
    found += [_elsewhere(each) for each in compared.values() if each.name not in names]
    found = list(_with_web(found, here, web))
    return sorted(found, key=lambda plugin: (plugin.name, plugin.where))


def _with_web(
    found: Sequence[FoundPlugin], here: Sequence[HeldPlugin], web: Sequence[WorkerPlugins]
) -> Iterator[FoundPlugin]:
    """The same with what web processes have otherwise. They do not load what decides nothing."""
    different = {each.name: each.holdings for each in differing(here, web, WEB_PROCESSES)}
    for plugin in found:
        rests = resting(web, of=plugin.name)
        holdings = () if plugin.name in DECIDES_NOTHING else different.get(plugin.name, ())
        yield replace(plugin, web=holdings, resting=tuple(rests))


def _found(plugins: Plugins, compared: dict[str, Compared]) -> Iterator[FoundPlugin]:
    for loaded in plugins.loaded:
        yield _loaded(loaded, compared.get(loaded.name))
    for broken in plugins.broken:
        # Of two with one name, what the workers have is the other one's.
        known = compared.get(broken.name)
        own = known if known and known.here and known.here.where == broken.where else None
        yield FoundPlugin(
            broken.name,
            "quarantined",
            broken.origin,
            broken.where,
            error=broken.error,
            compared=own,
        )
    for disabled in plugins.disabled:
        yield FoundPlugin(
            disabled.name,
            "disabled",
            disabled.origin,
            disabled.where,
            compared=compared.get(disabled.name),
        )


def _loaded(plugin: LoadedPlugin, compared: Compared | None) -> FoundPlugin:
    return FoundPlugin(
        name=plugin.name,
        state="loaded",
        origin=plugin.origin,
        where=plugin.file,
        version=plugin.version,
        handlers=plugin.handlers,
        warnings=plugin.warnings,
        compared=compared,
        deciders=plugin.deciders,
    )


def _decider(decider: Decider) -> dict[str, Any]:
    return {
        "id": decider.id,
        "patterns": decider.patterns,
        "filters": {each.name: each.values for each in decider.filters},
        "where": decider.where,
        "timeout": decider.timeout,
        "shadow": decider.shadow,
    }


def _handler(bound: BoundHandler) -> dict[str, Any]:
    handler = bound.handler
    return {
        "id": bound.id,
        "patterns": handler.patterns,
        "filters": {each.name: each.values for each in handler.filters},
        "where": handler.where,
        "retry": bound.retry and asdict(bound.retry),
        "timeout": bound.timeout,
        "replay": handler.replay,
        "ordered": bound.ordered,
    }


def _ignored(folder: Path) -> FoundPlugin:
    advice = (
        f"no plugin is loaded from {folder}, since it has no __init__.py;"
        f" install it: pip install {shlex.quote(str(folder))}"
    )
    return FoundPlugin(folder.name, "ignored", "folder", str(folder), warnings=(advice,))


def _elsewhere(compared: Compared) -> FoundPlugin:
    """A plugin that only workers have."""
    return FoundPlugin(compared.name, ABSENT, "workers", "", compared=compared)


def holding_document(holding: Holding, counted: str = "workers") -> dict[str, Any]:
    """What some processes have of a plugin, in JSON; `counted` is what they are called."""
    plugin = holding.plugin
    return {
        "state": holding.state,
        "version": plugin and plugin.version,
        "where": plugin and plugin.where,
        "reason": plugin and plugin.reason,
        "hosts": holding.hosts,
        counted: holding.workers,
        "loaded_at": iso(holding.since),
    }


def print_documents(found: Sequence[FoundPlugin]) -> None:
    """All of it as JSON."""
    for plugin in found:
        print_json(plugin.document())


def print_plugins(found: Sequence[FoundPlugin]) -> None:
    """A table of the plugins with their handlers."""
    print_table(_COLUMNS, [row for plugin in found for row in _rows(plugin)])


def print_remarks(found: Sequence[FoundPlugin]) -> None:
    """What is wrong here, what the workers have otherwise, and what may be wrong."""
    for plugin in found:
        if plugin.error is not None:
            print_text(f"quarantined: {_named_once(plugin)}")
        if plugin.compared and not plugin.compared.agree:
            for holding in plugin.compared.holdings:
                print_text(f"workers: {plugin.name}: {holding.sentence}")
        for sentence in (*(each.sentence for each in plugin.web), *plugin.resting):
            print_text(f"web: {plugin.name}: {sentence}")
        for warning in plugin.warnings:
            print_text(f"warning: {plugin.name}: {warning}")


def _rows(plugin: FoundPlugin) -> Iterator[tuple[Cell, ...]]:
    """A row for each handler and decider; the plugin itself is named in the first."""
    version = plugin.version or ""
    head: tuple[Cell, ...] = plugin.name, styled(plugin.state), _agreement(plugin.compared)
    functions = [*map(_row, plugin.handlers), *map(_decider_row, plugin.deciders)]
    if not functions:
        yield *head, "", "", "", "", "", "", version, plugin.where, plugin.origin
    for number, (*does, where) in enumerate(functions):
        first = ("", "", "") if number else head
        yield *first, *does, "" if number else version, where, plugin.origin


def _patterns(patterns: Sequence[str]) -> str:
    """A few of them; JSON has all."""
    if len(patterns) <= _FEW + 1:
        return ", ".join(patterns)
    return f"{', '.join(patterns[:_FEW])} and {len(patterns) - _FEW} more"


def _row(bound: BoundHandler) -> tuple[str, ...]:
    handler = bound.handler
    attempts = str(bound.retry.attempts if bound.retry else 1)
    limits = attempts, f"{bound.timeout:g} s", " ".join(_options(handler))
    return bound.id, _patterns(handler.patterns), _filters(handler), *limits, handler.where


def _decider_row(bound: BoundDecider) -> tuple[str, ...]:
    decider = bound.decider
    decides_on = f"decides on {', '.join(decider.patterns)}"
    timeout = "" if decider.timeout is None else f"{decider.timeout:g} s"
    options = "shadow" if decider.shadow else ""
    return decider.id, decides_on, _filters(decider), "", timeout, options, decider.where


def _filters(registered: Handler | Decider) -> str:
    return ", ".join(map(str, registered.filters))


def _agreement(compared: Compared | None) -> Cell:
    """Whether the workers have the same."""
    if compared is None:
        return ""
    if not compared.holdings:
        return "none"
    return "same" if compared.agree else "differ"


def _options(handler: Handler) -> Iterator[str]:
    """What is otherwise than a handler has it that says nothing."""
    if handler.replay != "ask":
        yield f"replay={handler.replay}"
    if handler.ordered:
        yield "ordered"


def _named_once(plugin: FoundPlugin) -> str:
    """What is wrong with a plugin; most errors name the culprit and its place themselves."""
    error = plugin.error or ""
    return error if plugin.where in error else f"{plugin.name} ({plugin.where}): {error}"
