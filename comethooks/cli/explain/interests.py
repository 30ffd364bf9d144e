"""Why handlers did or did not get an event, as far as the plugins here can tell."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from comethooks.cli.terminal.found import why_no_run
from comethooks.workers.journal import StoredEvent, StoredRun
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.shipped import BOOKKEEPING
from comethooks.workers.texts import without_secrets


@dataclass(frozen=True, slots=True)
class Interest:
    """What one handler has to do with an event.

    `matches` is None for a handler that has a run and is not loaded. `reason` says why it does not
    match, why it has no run, or why it may get none again.
    """

    handler: str
    matches: bool | None
    reason: str | None
    runs: tuple[StoredRun, ...] = ()

    def document(self) -> dict[str, Any]:
        """It in JSON; the runs stand by themselves."""
        return {
            "handler": self.handler,
            "matches": self.matches,
            "reason": self.reason,
            "ran": bool(self.runs),
        }


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A plugin that is not loaded here: `quarantined` or `disabled`."""

    name: str
    state: str
    where: str
    reason: str

    def document(self) -> dict[str, Any]:
        """The plugin in JSON."""
        return {"name": self.name, "state": self.state, "where": self.where, "reason": self.reason}


def interests_in(event: StoredEvent, plugins: Plugins) -> tuple[Interest, ...]:
    """One for each handler that is loaded or has a live run on the event, by id."""
    ran: defaultdict[str, list[StoredRun]] = defaultdict(list)
    for run in event.runs:
        if run.replay is None:
            ran[run.handler].append(run)
    record = event.record
    found = {
        bound.id: _loaded(
            bound.id,
            bound.handler.why_unwanted(record),
            event,
            tuple(ran.pop(bound.id, ())),
        )
        for bound in plugins.handlers
    }
    for handler, runs in ran.items():
        found[handler] = Interest(handler, None, _why_not_loaded(handler, plugins), tuple(runs))
    return tuple(found[handler] for handler in sorted(found))


def left_out(plugins: Plugins) -> Iterator[LeftOut]:
    """The plugins that are found and not loaded."""
    for broken in plugins.broken:
        yield LeftOut(broken.name, "quarantined", broken.where, without_secrets(broken.error))
    for disabled in plugins.disabled:
        yield LeftOut(
            disabled.name, "disabled", disabled.where, f"named in {NAMES['disabled_plugins']}"
        )


def _loaded(
    handler: str, why_not: str | None, event: StoredEvent, runs: tuple[StoredRun, ...]
) -> Interest:
    if why_not is not None:
        return Interest(
            handler, False, f"{why_not}{'; it did when the event was processed' * bool(runs)}", runs
        )
    return Interest(handler, True, None if runs else _why_no_run(handler, event), runs)


def _why_no_run(handler: str, event: StoredEvent) -> str:
    if handler in BOOKKEEPING:
        return "no run: it keeps one only where it failed, or did something"
    changed = "the handler was not there, or not the same, when the event was processed"
    return f"no run: {why_no_run(event, changed)}"


def _why_not_loaded(handler: str, plugins: Plugins) -> str:
    name = handler.partition(".")[0]
    for plugin in left_out(plugins):
        if plugin.name == name:
            return f"its plugin is {plugin.state} here: {plugin.reason}"
    if any(plugin.name == name for plugin in plugins.loaded):
        return f"the plugin {name} that is found here has no such handler"
    return "no plugin that is found here has it"
