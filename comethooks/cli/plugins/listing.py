"""The plugins as `comethooks plugins` shows them: what is found here, and what the workers have."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.output import Cell, Column, print_json, print_table, styled
from comethooks.cli.terminal.stores import workers_at_work
from comethooks.workers import logs
from comethooks.workers.journal import iso
from comethooks.workers.plugins.comparing import ABSENT, Compared, Holding, compare
from comethooks.workers.plugins.discovery import overlooked
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.loaded import BoundHandler, LoadedPlugin, Plugins
from comethooks.workers.plugins.loading import look_at_plugins
from comethooks.workers.plugins.published import held
from comethooks.workers.settings.settings import Settings

_COLUMNS = (
    Column("NAME", folds_at=16),
    Column("STATE"),
    Column("WORKERS"),
    Column("HANDLER", folds_at=24),
    Column("PATTERNS", folds_at=24),
    Column("ATTEMPTS", spare=2),
    Column("TIMEOUT", spare=3),
    Column("OPTIONS", spare=6),
    Column("VERSION", spare=4, folds_at=12),
    Column("WHERE", spare=1, folds_at=24),
    Column("FROM", spare=5, folds_at=16),
)


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

    def document(self) -> dict[str, Any]:
        """The plugin in JSON."""
        shown = {name: getattr(self, name) for name in self.__slots__ if name != "compared"}
        shown["handlers"] = [_handler(bound) for bound in self.handlers]
        known = self.compared
        return {**shown, "workers": known and [holding_document(each) for each in known.holdings]}


def find(settings: Settings) -> list[FoundPlugin]:
    """The plugins that are found here or that a worker has. Runs the code of those here."""
    logs.configure(settings.log_format)
    plugins = look_at_plugins(settings)
    workers = workers_at_work(settings)
    compared = (
        {} if workers is None else {each.name: each for each in compare(held(plugins), workers)}
    )
    found = [*_found(plugins, compared), *map(_ignored, overlooked(settings))]
    names = {plugin.name for plugin in found}
    found += [_elsewhere(each) for each in compared.values() if each.name not in names]
    return sorted(found, key=lambda plugin: (plugin.name, plugin.where))


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
    )


def _handler(bound: BoundHandler) -> dict[str, Any]:
    handler = bound.handler
    return {
        "id": bound.id,
        "patterns": handler.patterns,
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


def holding_document(holding: Holding) -> dict[str, Any]:
    """What some workers have of a plugin, in JSON."""
    plugin = holding.plugin
    return {
        "state": holding.state,
        "version": plugin and plugin.version,
        "where": plugin and plugin.where,
        "reason": plugin and plugin.reason,
        "hosts": holding.hosts,
        "workers": holding.workers,
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
        for warning in plugin.warnings:
            print_text(f"warning: {plugin.name}: {warning}")


def _rows(plugin: FoundPlugin) -> Iterator[tuple[Cell, ...]]:
    """A row for each handler; the plugin itself is named in the first."""
    version = plugin.version or ""
    head: tuple[Cell, ...] = plugin.name, styled(plugin.state), _agreement(plugin.compared)
    if not plugin.handlers:
        yield *head, "", "", "", "", "", version, plugin.where, plugin.origin
    for number, bound in enumerate(plugin.handlers):
        handler = bound.handler
        attempts = str(bound.retry.attempts if bound.retry else 1)
        limits = attempts, f"{bound.timeout:g} s", " ".join(_options(handler))
        does = bound.id, ", ".join(handler.patterns), *limits
        first = ("", "", "") if number else head
        yield *first, *does, "" if number else version, handler.where, plugin.origin


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
