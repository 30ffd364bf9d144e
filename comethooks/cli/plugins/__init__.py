"""`comethooks plugins`: what is found, and whether it can be used."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from comethooks.cli import load_settings
from comethooks.cli.plugins.scaffold import check_name, files_of, make
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table, styled
from comethooks.workers import logs
from comethooks.workers.plugins.discovery import overlooked
from comethooks.workers.plugins.loaded import (
    BoundHandler,
    BrokenPlugin,
    DisabledPlugin,
    LoadedPlugin,
    Plugins,
)
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.plugin import Replayable
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.settings.settings import Settings

_COLUMNS = (
    Column("NAME", folds_at=16),
    Column("STATE"),
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
class _Handler:
    id: str
    patterns: tuple[str, ...]
    where: str
    retry: Retry | None
    timeout: float
    replay: Replayable
    ordered: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A plugin as it is shown, and as JSON has it."""

    name: str
    state: str
    origin: str
    where: str
    version: str | None = None
    handlers: tuple[_Handler, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None


@click.group()
def plugins() -> None:
    """Show the plugins that are found, and whether they can be used; begin a new one."""


@plugins.command("list", epilog=options.examples("comethooks plugins list"))
@options.as_json
def list_(as_json: bool) -> None:
    """List the plugins with their handlers and their state.

    Loading them runs their code, as a worker does.
    """
    found = _found()
    if as_json:
        _print_json(found)
    elif found:
        print_table(_COLUMNS, [row for plugin in found for row in _rows(plugin)])
        _print_remarks(found)
    else:
        hint(
            f"No plugins found. Put one into {load_settings().plugin_dir}, or name one in"
            " COMETHOOKS_PLUGINS."
        )


@plugins.command(epilog=options.examples("comethooks plugins check && comethooks worker"))
@options.as_json
def check(as_json: bool) -> None:
    """Say what is wrong with the plugins, and fail if one is.

    It fails when a plugin cannot be used; a warning is no reason.
    """
    found = _found()
    if as_json:
        _print_json(found)
    else:
        _print_remarks(found)
    counts = {state: sum(plugin.state == state for plugin in found) for state in _STATES}
    hint(", ".join(f"{count} {state}" for state, count in counts.items()))
    if counts["quarantined"]:
        raise click.exceptions.Exit(1)


@plugins.command(
    epilog=options.examples(
        "comethooks plugins new night_watch", "comethooks plugins new night_watch --dir src"
    )
)
@click.argument("name")
@click.option(
    "--dir",
    "parent",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    metavar="PATH",
    help="Where to make its folder; by default here.",
)
@options.as_json
def new(name: str, parent: Path, as_json: bool) -> None:
    """Make the beginnings of a plugin: a package to install, with a handler, a setting, a test and
    a README.

    NAME is lower-case letters, digits and _. The folder is NAME_plugin; one that is there already
    is left alone. Prints the path of the folder.
    """
    try:
        check_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'NAME'") from None
    try:
        folder = make(name, parent)
    except FileExistsError as error:
        raise click.ClickException(
            f"{error.filename} is there already; choose another name, or another place with --dir"
        ) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be made: {error.strerror}") from None
    if as_json:
        print_json({"name": name, "path": str(folder), "files": list(files_of(name))})
    else:
        print_text(str(folder))
    hint(_NEXT.format(folder=shlex.quote(str(folder))))


_NEXT = """\
Next:
  cd {folder}
  python -m pytest               its test
  pip install .                  into the environment of comethooks
  comethooks plugins check       whether it is found
Then start the workers again. The handler is in the package's __init__.py."""


_STATES = ("loaded", "quarantined", "disabled", "ignored")


def _found() -> list[_Found]:
    settings = load_settings()
    found = [*_all(load_quietly(settings)), *map(_ignored, overlooked(settings))]
    return sorted(found, key=lambda plugin: (plugin.name, plugin.where))


def load_quietly(settings: Settings) -> Plugins:
    """The plugins that are found. What one prints when it is imported is no data of ours."""
    logs.configure(settings.log_format)
    with redirect_stdout(sys.stderr):
        return load_plugins(settings)


def _all(plugins: Plugins) -> Iterator[_Found]:
    for loaded in plugins.loaded:
        yield _loaded(loaded)
    for broken in plugins.broken:
        yield _broken(broken)
    for disabled in plugins.disabled:
        yield _disabled(disabled)


def _loaded(plugin: LoadedPlugin) -> _Found:
    return _Found(
        name=plugin.name,
        state="loaded",
        origin=plugin.origin,
        where=plugin.file,
        version=plugin.version,
        handlers=tuple(_handler(bound) for bound in plugin.handlers),
        warnings=plugin.warnings,
    )


def _handler(bound: BoundHandler) -> _Handler:
    handler = bound.handler
    return _Handler(
        id=bound.id,
        patterns=handler.patterns,
        where=handler.where,
        retry=bound.retry,
        timeout=bound.timeout,
        replay=handler.replay,
        ordered=bound.ordered,
    )


def _broken(plugin: BrokenPlugin) -> _Found:
    return _Found(plugin.name, "quarantined", plugin.origin, plugin.where, error=plugin.error)


def _disabled(plugin: DisabledPlugin) -> _Found:
    return _Found(plugin.name, "disabled", plugin.origin, plugin.where)


def _ignored(folder: Path) -> _Found:
    advice = (
        f"no plugin is loaded from {folder}, since it has no __init__.py;"
        f" install it: pip install {shlex.quote(str(folder))}"
    )
    return _Found(folder.name, "ignored", "folder", str(folder), warnings=(advice,))


def _print_json(found: Sequence[_Found]) -> None:
    for plugin in found:
        print_json(asdict(plugin))


def _rows(plugin: _Found) -> Iterator[tuple[Cell, ...]]:
    """A row for each handler; the plugin itself is named in the first."""
    name, state, version = plugin.name, styled(plugin.state), plugin.version or ""
    if not plugin.handlers:
        yield name, state, "", "", "", "", "", version, plugin.where, plugin.origin
    for number, handler in enumerate(plugin.handlers):
        first: tuple[Cell, Cell] = ("", "") if number else (name, state)
        attempts = str(handler.retry.attempts if handler.retry else 1)
        limits = attempts, f"{handler.timeout:g} s", " ".join(_options(handler))
        does = handler.id, ", ".join(handler.patterns), *limits
        yield *first, *does, "" if number else version, handler.where, plugin.origin


def _options(handler: _Handler) -> Iterator[str]:
    """What is otherwise than a handler has it that says nothing."""
    if handler.replay != "ask":
        yield f"replay={handler.replay}"
    if handler.ordered:
        yield "ordered"


def _print_remarks(found: Sequence[_Found]) -> None:
    for plugin in found:
        if plugin.error is not None:
            print_text(f"quarantined: {_named_once(plugin)}")
        for warning in plugin.warnings:
            print_text(f"warning: {plugin.name}: {warning}")


def _named_once(plugin: _Found) -> str:
    """What is wrong with a plugin; most errors name the culprit and its place themselves."""
    error = plugin.error or ""
    return error if plugin.where in error else f"{plugin.name} ({plugin.where}): {error}"
