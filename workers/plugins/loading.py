"""Loading the plugins that are found: checked, configured, in a stable order.

A plugin that cannot be used is quarantined, named with file and line, and the others run. Loading
runs the plugins' code, so it happens in the processes that need handlers and nowhere else.
"""

import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TypeVar

from comethooks.workers.logs import one_line
from comethooks.workers.patterns import unknown
from comethooks.workers.plugins.config import is_of_job
from comethooks.workers.plugins.deciders.decider import longer_than_budget
from comethooks.workers.plugins.discovery import loadables
from comethooks.workers.plugins.found.loadable import Loadable
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loaded import (
    BoundDecider,
    BoundHandler,
    BrokenPlugin,
    DisabledPlugin,
    LoadedPlugin,
    Plugins,
)
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import (
    LoadableError,
    OptionError,
    PluginError,
    line_in,
)
from comethooks.workers.plugins.trials import Trials
from comethooks.workers.settings.hiding import hidden_ones
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.shipped import SHIPS_WITH_US, ships
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


def load_plugins(
    settings: Settings,
    last_good: LastGood | None = None,
    trials: Trials | None = None,
    *,
    without: AbstractSet[str] = frozenset(),
) -> Plugins:
    """Load every plugin that is found. One that raises is put into quarantine; the others go on.

    With `trials`, what ended or blocked a process when it was imported is left out, and what blocks
    this one ends it.

    With `last_good`, as a worker loads them, a file of the folder that cannot be loaded is replaced
    by its last good version, and what could be loaded is kept there. A name stays with the file
    that had it for as long as that file is there. Of the plugins that ship with us, those named in
    `without` are not loaded. What RQ raises when the job's time is over is not the plugin's, and
    does go further.
    """
    owners = (last_good or LastGood.of(settings)).owners()
    found = [each for each in loadables(settings) if not (each.is_shipped and each.name in without)]
    everything = [_contents(each, settings, trials) for each in found]
    if last_good is not None:
        everything = [_or_last_good(each, last_good, settings, trials) for each in everything]
    _part_namesakes(everything, owners)
    if last_good is not None:
        _remember(everything, owners, last_good)
        last_good.forget_removed(settings.plugin_dir)
    names = frozenset(plugin.name for each in everything for _, plugin in each.loaded)
    return Plugins(
        loaded=_by_name(
            replace(plugin, warnings=tuple(_warnings(plugin, names, settings)))
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


def _by_name(plugins: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(plugins, key=lambda plugin: plugin.name))


def _contents(loadable: Loadable, settings: Settings, trials: Trials | None) -> _Contents:
    """Load what `loadable` has, unless it is disabled, or known to do harm."""
    contents = _Contents(loadable)
    if loadable.name in settings.disabled_plugins:
        contents.disabled.append(DisabledPlugin(loadable.name, loadable.origin, loadable.place))
        return contents
    try:
        # Before it is run: a file that is written meanwhile must not pass for what was loaded.
        version = loadable.version() if loadable.path else None
        plugins = _imported(loadable, trials)
        version = version or loadable.version()
    except BaseException as error:
        if is_of_job(error) or _is_asked_to_end(error):
            raise
        where = line_in(loadable.own(), error) or loadable.place
        known = error.plugin if isinstance(error, PluginError) else None
        name = known or loadable.name
        if name in settings.disabled_plugins:
            contents.disabled.append(DisabledPlugin(name, loadable.origin, where))
        else:
            explained = _explained(error, settings)
            contents.broken.append(BrokenPlugin(name, loadable.origin, where, explained))
        return contents
    for plugin in dict.fromkeys(plugins):
        _add(plugin, version, contents, settings)
    return contents


def _imported(loadable: Loadable, trials: Trials | None) -> tuple[Plugin, ...]:
    what = None if trials is None else loadable.importing()
    if trials is None or what is None:
        return loadable.load()
    if reason := trials.reason(what.content):
        raise LoadableError(reason)
    with trials.importing(what):
        return loadable.load()


def _is_asked_to_end(error: BaseException) -> bool:
    """Whether somebody at a terminal wants this process to end. Workers do not listen to that."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, KeyboardInterrupt) and ours


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


def _or_last_good(
    contents: _Contents, last_good: LastGood, settings: Settings, trials: Trials | None
) -> _Contents:
    """`contents`; where something in it is broken, its last good version if that can be used."""
    path, of_copy = contents.loadable.path, contents.loadable.of_copy
    copy = last_good.copy_of(path) if path and contents.broken else None
    if copy is None or of_copy is None:
        return contents
    before = _contents(of_copy(copy), settings, trials)
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
        ours = [claim for claim in claimants if claim[0].loadable.is_shipped]
        had_it = ours or [claim for claim in claimants if claim[0].loadable.id == owner]
        away = broken_at.get(owner) if not had_it else None
        holder = (had_it or claimants)[0]
        is_ours = ships(name)
        for contents, plugin in claimants:
            if away or (contents, plugin) != holder or (is_ours and not ours):
                _turn_out(plugin, contents, SHIPS_WITH_US if is_ours else away or _place(*holder))


def _place(contents: _Contents, plugin: Plugin) -> str:
    """Where a plugin is: of a last good version, in the file that it stands for."""
    newer = [held.newer for other, held in contents.loaded if other is plugin and held.newer]
    return newer[0].where if newer else plugin.where


def _turn_out(plugin: Plugin, contents: _Contents, holder: str) -> None:
    """Put a plugin in quarantine, since its name belongs to the one at `holder`."""
    contents.loaded = [(other, held) for other, held in contents.loaded if other is not plugin]
    # To disable it is no way out: that goes by name, and would disable the other one, too.
    error = f"{holder} has a plugin of the same name; rename it, or remove one of the two"
    if holder == SHIPS_WITH_US:
        error = "comethooks itself has a plugin of the same name; rename it"
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
            version, copies = each.loaded[0][1].version, each.loadable.version_of_copy
            last_good.keep(each.loadable.path, version, each.loadable.beside(), copies)
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
        deciders=tuple(BoundDecider(decider, config, version) for decider in plugin.deciders),
        forgetters=plugin.forgetters,
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


def _warnings(plugin: LoadedPlugin, plugins: AbstractSet[str], settings: Settings) -> Iterator[str]:
    """What its author may want to look at."""
    newer = plugin.newer and f"the last good version of {plugin.newer.where.rpartition(':')[0]}"
    for bound in plugin.handlers:
        for pattern in bound.handler.patterns:
            if why := unknown(pattern, plugins):
                yield f"{bound.id} ({newer or bound.handler.where}): {why}"
    for decider in (each.decider for each in plugin.deciders):
        if why := longer_than_budget(decider, settings.decision_budget_ms):
            yield f"{decider.id} ({newer or decider.where}): {why}"


def _explained(error: BaseException, settings: Settings) -> str:
    """One line, fit for logs and listings. Our own texts quote no value; those of others may."""
    if isinstance(error, PluginError | LoadableError):
        return str(error)
    line = without_secrets(one_line(error))
    if wanted := [name for name in sorted(hidden_ones(settings)) if name in str(error)]:
        passing = NAMES["passed_credentials"]
        line += f"; plugins do not see {wanted[0]} unless {passing}={wanted[0]} says so"
    return line
