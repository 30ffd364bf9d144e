"""Loading the plugins that are found: checked, configured, in a stable order.

A plugin that cannot be used is quarantined, named with file and line, and the others run. Loading
runs the plugins' code, so it happens in the processes that need handlers and nowhere else.
"""

import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from comethooks.workers.logs import one_line
from comethooks.workers.patterns import unknown
from comethooks.workers.plugins.config import is_of_job
from comethooks.workers.plugins.discovery import Loadable, LoadableError, in_folder, loadables
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loaded import (
    BoundHandler,
    BrokenPlugin,
    DisabledPlugin,
    LoadedPlugin,
    Plugins,
)
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import OptionError, PluginError
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.texts import without_secrets

Named = TypeVar("Named", LoadedPlugin, BrokenPlugin, DisabledPlugin)


@dataclass
class _Contents:
    """What one loadable holds, each plugin object with what it became."""

    loadable: Loadable
    loaded: list[tuple[Plugin, LoadedPlugin]] = field(default_factory=list)
    broken: list[BrokenPlugin] = field(default_factory=list)
    disabled: list[DisabledPlugin] = field(default_factory=list)
    is_last_good: bool = False


def load_plugins(settings: Settings, last_good: LastGood | None = None) -> Plugins:
    """Load every plugin that is found. One that raises is put into quarantine; the others go on.

    With `last_good`, as a worker loads them, a file of the folder that cannot be loaded is replaced
    by its last good version, and what could be loaded is kept there. A name stays with the file
    that had it for as long as that file is there. What RQ raises when the job's time is over is not
    the plugin's, and does go further.
    """
    owners = (last_good or LastGood.of(settings)).owners()
    everything = [_contents(each, settings) for each in loadables(settings)]
    if last_good is not None:
        everything = [_or_last_good(each, last_good, settings) for each in everything]
    _part_namesakes(everything, owners)
    if last_good is not None:
        _remember(everything, owners, last_good)
        last_good.forget_removed(settings.plugin_dir)
    names = frozenset(plugin.name for each in everything for _, plugin in each.loaded)
    return Plugins(
        loaded=_by_name(
            replace(plugin, warnings=tuple(_warnings(plugin, names)))
            for each in everything
            for _, plugin in each.loaded
        ),
        broken=tuple(
            sorted(
                (broken for each in everything for broken in each.broken),
                # Of two with one name first the one whose name it is.
                key=lambda broken: (broken.name, broken.name_is_taken),
            )
        ),
        disabled=_by_name(disabled for each in everything for disabled in each.disabled),
    )


def look_at_plugins(settings: Settings) -> Plugins:
    """The same for a command: what plugins print when they are imported goes to standard error."""
    with redirect_stdout(sys.stderr):
        return load_plugins(settings)


def _by_name(plugins: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(plugins, key=lambda plugin: plugin.name))


def _contents(loadable: Loadable, settings: Settings) -> _Contents:
    """Load what `loadable` has, unless it is disabled."""
    contents = _Contents(loadable)
    if loadable.name in settings.disabled_plugins:
        contents.disabled.append(DisabledPlugin(loadable.name, loadable.origin, loadable.place))
        return contents
    try:
        # Before it is run: a file that is written meanwhile must not pass for what was loaded.
        version = loadable.version() if loadable.path else None
        plugins = loadable.load()
        version = version or loadable.version()
    except (Exception, SystemExit) as error:
        if is_of_job(error):
            raise
        where = _line_in(loadable.own(), error) or loadable.place
        known = error.plugin if isinstance(error, PluginError) else None
        name = known or loadable.name
        if name in settings.disabled_plugins:
            contents.disabled.append(DisabledPlugin(name, loadable.origin, where))
        else:
            contents.broken.append(BrokenPlugin(name, loadable.origin, where, _explained(error)))
        return contents
    for plugin in dict.fromkeys(plugins):
        _add(plugin, version, contents, settings)
    return contents


def _add(plugin: Plugin, version: str, contents: _Contents, settings: Settings) -> None:
    """Add to `contents` what becomes of a plugin that it holds."""
    origin = contents.loadable.origin
    if plugin.name in settings.disabled_plugins:
        contents.disabled.append(DisabledPlugin(plugin.name, origin, plugin.where))
        return
    try:
        contents.loaded.append((plugin, _configured(plugin, origin, version, settings)))
    except PluginError as error:
        contents.broken.append(BrokenPlugin(plugin.name, origin, error.where, str(error)))


def _or_last_good(contents: _Contents, last_good: LastGood, settings: Settings) -> _Contents:
    """`contents`; where something in it is broken, its last good version if that can be used."""
    path = contents.loadable.path
    copy = last_good.copy_of(path) if path and contents.broken else None
    if copy is None:
        return contents
    before = _contents(in_folder(copy), settings)
    if before.broken or not before.loaded:
        return contents
    newer = contents.broken[0]
    before.loadable, before.is_last_good = contents.loadable, True
    before.loaded = [(plugin, replace(known, newer=newer)) for plugin, known in before.loaded]
    return before


def _part_namesakes(everything: Sequence[_Contents], owners: Mapping[str, str]) -> None:
    """Leave each plugin name to one: to who had it before, else to who comes first.

    Who had it keeps it while its code is broken, too: a file that is broken for two seconds would
    otherwise have lost its name for good.
    """
    broken_at = {each.loadable.id: each.broken[0].where for each in everything if each.broken}
    claims: dict[str, list[tuple[_Contents, Plugin]]] = {}
    known: set[Plugin] = set()
    for each in everything:
        # One object that is found in two ways is one plugin.
        each.loaded = [(plugin, held) for plugin, held in each.loaded if plugin not in known]
        known.update(plugin for plugin, _ in each.loaded)
        for plugin, _ in each.loaded:
            claims.setdefault(plugin.name, []).append((each, plugin))
    for name, claimants in claims.items():
        owner = owners.get(name, "")
        had_it = [claim for claim in claimants if claim[0].loadable.id == owner]
        away = broken_at.get(owner) if not had_it else None
        holder = (had_it or claimants)[0]
        for contents, plugin in claimants:
            if away or (contents, plugin) != holder:
                _turn_out(plugin, contents, away or _place(*holder))


def _place(contents: _Contents, plugin: Plugin) -> str:
    """Where a plugin is: of a last good version, in the file that it stands for."""
    newer = [held.newer for other, held in contents.loaded if other is plugin and held.newer]
    return newer[0].where if newer else plugin.where


def _turn_out(plugin: Plugin, contents: _Contents, holder: str) -> None:
    """Put a plugin in quarantine, since its name belongs to the one at `holder`."""
    contents.loaded = [(other, held) for other, held in contents.loaded if other is not plugin]
    # To disable it is no way out: that goes by name, and would disable the other one, too.
    error = f"{holder} has a plugin of the same name; rename it, or remove one of the two"
    contents.broken.append(
        BrokenPlugin(plugin.name, contents.loadable.origin, plugin.where, error, name_is_taken=True)
    )


def _remember(
    everything: Sequence[_Contents], owners: Mapping[str, str], last_good: LastGood
) -> None:
    """Keep what was loaded well, and whose each name is."""
    broken = {each.loadable.id for each in everything if each.broken}
    now = {name: owner for name, owner in owners.items() if owner in broken}
    for each in everything:
        now |= {held.name: each.loadable.id for _, held in each.loaded}
        if each.loadable.path and each.loaded and not (each.broken or each.is_last_good):
            last_good.keep(each.loadable.path, each.loaded[0][1].version)
    last_good.own(now)


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
    """How many seconds a run may take: no more than the setting, which a stop waits for."""
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
    """What its author may want to look at."""
    newer = plugin.newer and f"the last good version of {plugin.newer.where.rpartition(':')[0]}"
    for bound in plugin.handlers:
        for pattern in bound.handler.patterns:
            if why := unknown(pattern, plugins):
                yield f"{bound.id} ({newer or bound.handler.where}): {why}"


def _explained(error: BaseException) -> str:
    """One line, fit for logs and listings. Our own texts quote no value; those of others may."""
    if isinstance(error, PluginError | LoadableError):
        return str(error)
    return without_secrets(one_line(error))


def _line_in(own: Path | None, error: BaseException) -> str | None:
    """The innermost line of code below `own` that `error` came through, as `file:line`."""
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
