"""What the processes at work have of the plugins, compared with what is found here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comethooks.workers.plugins.published import HeldPlugin, PluginState, WorkerPlugins
from comethooks.workers.texts import agreeing, number_of

WORKERS, WEB_PROCESSES = ("worker",), ("web process", "web processes")
"""What processes are called, one and several."""
ABSENT = "absent"
"""The state of a plugin where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What some processes at work have of one plugin, the same all of them; `plugin` is None when
    they know of none by that name.
    """

    plugin: HeldPlugin | None
    hosts: tuple[str, ...]
    """Where they are, each host once."""
    workers: int
    """How many processes they are."""
    since: int
    """When the last of them loaded it (ms, by Redis' clock)."""
    noun: tuple[str, ...] = WORKERS
    """What they are."""

    @property
    def state(self) -> str:
        """The state of the plugin in them."""
        return ABSENT if self.plugin is None else self.plugin.state.value

    @property
    def runs(self) -> bool:
        """Whether the plugin's handlers get events there."""
        return self.plugin is not None and self.plugin.state.runs

    @property
    def sentence(self) -> str:
        """Who has what, and why."""
        count = self.workers
        who = f"{number_of(count, *self.noun)} on {', '.join(self.hosts)}"
        plugin = self.plugin
        if plugin is None:
            return f"{who} {agreeing(count, 'does', 'do')} not have it"
        if plugin.state is PluginState.LOADED:
            wanted = [f"{each.id} with {each.wants}" for each in plugin.handlers if each.filters]
            more = [", ".join(wanted)] if wanted else []
            more += [each.sentence for each in plugin.deciders]
            runs = agreeing(count, "runs", "run")
            return "; ".join((f"{who} {runs} version {plugin.version}", *more))
        if plugin.state is PluginState.LAST_GOOD:
            go = agreeing(count, "goes", "go")
            return f"{who} {go} on with its last good version {plugin.version}: {plugin.why}"
        has = agreeing(count, "has", "have")
        if plugin.state is PluginState.QUARANTINED:
            return f"{who} {has} it in quarantine: {plugin.why}"
        return f"{who} {has} it disabled"


@dataclass(frozen=True, slots=True)
class Compared:
    """One plugin, as it is found here (None: it is not) and as the processes at work have it."""

    name: str
    here: HeldPlugin | None
    holdings: tuple[Holding, ...]

    @property
    def agree(self) -> bool:
        """Whether all of them have what is found here. So it is when nobody is at work."""
        return all(_kind(each.plugin) == _kind(self.here) for each in self.holdings)


def compare(
    here: Sequence[HeldPlugin],
    workers: Sequence[WorkerPlugins],
    noun: tuple[str, ...] = WORKERS,
) -> list[Compared]:
    """Each plugin that is found here or that one of `workers` has, by name.

    Of two in `here` with one name, the first counts.
    """
    found = {plugin.name: plugin for plugin in reversed(here)}
    names = {*found, *(plugin.name for each in workers for plugin in each.plugins)}
    return [
        Compared(name, found.get(name), holdings(name, workers, noun)) for name in sorted(names)
    ]


def differing(
    here: Sequence[HeldPlugin],
    workers: Sequence[WorkerPlugins],
    noun: tuple[str, ...] = WORKERS,
) -> list[Compared]:
    """Those of which `workers` do not all have what is found here."""
    return [each for each in compare(here, workers, noun) if not each.agree]


def holdings(
    name: str, workers: Sequence[WorkerPlugins], noun: tuple[str, ...] = WORKERS
) -> tuple[Holding, ...]:
    """What `workers` have of the plugin called `name`: what most of them have comes first."""
    kinds: dict[object, list[tuple[WorkerPlugins, HeldPlugin | None]]] = {}
    for worker in workers:
        plugin = worker.get(name)
        kinds.setdefault(_kind(plugin), []).append((worker, plugin))
    found = [
        Holding(
            plugin=those[0][1],
            hosts=tuple(sorted({worker.host for worker, _ in those})),
            workers=len(those),
            since=max(worker.at for worker, _ in those),
            noun=noun,
        )
        for those in kinds.values()
    ]
    return tuple(sorted(found, key=lambda each: (-each.workers, each.hosts)))


def not_running(workers: Sequence[WorkerPlugins], noun: tuple[str, ...] = WORKERS) -> Iterator[str]:
    """Of each plugin that some of `workers` do not run in the version of the others or of its file,
    how many they are: a sentence each, without what an error says.
    """
    for each in compare((), workers):
        total = number_of(len(workers), *noun)
        for state in (PluginState.QUARANTINED, PluginState.LAST_GOOD):
            count = sum(held.workers for held in each.holdings if held.state == state)
            if count:
                yield f"{each.name} is {_IN_WORDS[state]} on {count} of {total}"
        versions = {held.plugin.version for held in each.holdings if held.runs and held.plugin}
        if len(versions) > 1:
            yield f"{each.name} runs in {number_of(len(versions), 'version')}"
        elif versions and any(held.plugin is None for held in each.holdings):
            missing = sum(held.workers for held in each.holdings if held.plugin is None)
            yield f"{each.name} is missing on {missing} of {total}"


_IN_WORDS = {
    PluginState.QUARANTINED: "in quarantine",
    PluginState.LAST_GOOD: "in its last good version",
}


def _kind(plugin: HeldPlugin | None) -> object:
    """What has to be the same for two processes to have the same.

    Not the version alone: what a filter names may come from the environment, and so may whether a
    decider is in shadow.
    """
    if plugin is None:
        return None
    filters = frozenset((each.id, each.filters) for each in plugin.handlers if each.filters)
    return plugin.state, plugin.version, plugin.reason, filters, plugin.deciders


def resting(web: Sequence[WorkerPlugins], of: str | None = None) -> Iterator[str]:
    """Of each decider that some web processes do not ask for a while, how many they are: a sentence
    each; with `of`, of those of one plugin.
    """
    found = {name for each in web for name in each.resting}
    wanted = {name for name in found if of in (None, name.partition(".")[0])}
    for decider in sorted(wanted):
        count = sum(decider in each.resting for each in web)
        yield f"{decider} rests in {count} of {number_of(len(web), *WEB_PROCESSES)}"
