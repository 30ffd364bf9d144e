"""The plugins: what is found here, and what the workers have."""

from collections.abc import Iterator, Mapping, Sequence

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.plugins.comparing import ABSENT, Compared, Holding, compare
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.published import HeldPlugin, PluginState, WorkerPlugins, held
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.shipped import SHIPPED
from comethooks.workers.texts import number_of


def check_plugins(plugins: Plugins, workers: Sequence[WorkerPlugins] = ()) -> Iterator[Finding]:
    """Each plugin as it is found here and as `workers` have it, and a finding for each warning."""
    here = held(plugins)
    compared = {each.name: each for each in compare(here, workers)}
    for plugin in here:
        yield _here(plugin, compared[plugin.name])
        for warning in plugin.warnings:
            yield Finding(f"plugins.{plugin.name}", Level.WARNING, warning)
    for each in compared.values():
        if not each.agree:
            yield from (_at_work(each, holding) for holding in each.holdings)
    if not compared.keys() - SHIPPED.keys():
        yield Finding(
            "plugins",
            Level.OK,
            "there are none of your own: events are kept, and nothing is done with them",
        )


def _here(plugin: HeldPlugin, compared: Compared) -> Finding:
    check = f"plugins.{plugin.name}"
    if plugin.state is PluginState.QUARANTINED:
        runs = any(each.runs for each in compared.holdings)
        level = Level.WARNING if runs else Level.WRONG
        advice = "see: comethooks plugins check"
        if not plugin.name_is_taken:  # or the reason says what to do
            advice = f"mend it, or name it in {NAMES['disabled_plugins']}; {advice}"
        return Finding(check, level, f"quarantined here: {plugin.why}", advice)
    if plugin.state is PluginState.DISABLED:
        return Finding(check, Level.OK, f"disabled here ({plugin.where})")
    same = compared.holdings[0].sentence if compared.agree and compared.holdings else ""
    found = f"{number_of(len(plugin.handlers), 'handler')}, version {plugin.version}"
    return Finding(check, Level.OK, f"{found}; {same}" if same else found)


def _at_work(compared: Compared, holding: Holding) -> Finding:
    """What some workers have, where not all have what is found here."""
    check = f"plugins.{compared.name}"
    here, there = compared.here, holding.plugin
    if there and there.state is PluginState.LOADED:
        if here is None:
            return Finding(check, Level.OK, f"{holding.sentence}; it is not found here")
        if not here.state.runs or here.version == there.version:
            return Finding(check, Level.OK, holding.sentence)
    level = Level.WRONG if holding.state == PluginState.QUARANTINED else Level.WARNING
    return Finding(check, level, holding.sentence, _ADVICE[holding.state])


_RELOAD = "load them again: kill -USR1 on `comethooks up` or `comethooks worker`"
_ADVICE: Mapping[str, str] = {
    PluginState.LOADED: f"install the same version there, and {_RELOAD}",
    PluginState.LAST_GOOD: "mend the file: the version before handles the events",
    PluginState.QUARANTINED: "mend it there: its handlers get no events",
    PluginState.DISABLED: f"look at {NAMES['disabled_plugins']} there",
    ABSENT: "give the workers the same plugin folder and settings, and start them again",
}
