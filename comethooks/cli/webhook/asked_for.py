"""Which triggers the plugins ask for: of those that a webhook can deliver, what is of use here."""

from collections.abc import Iterator, Mapping, Sequence

import click

from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import workers_at_work
from comethooks.workers.patterns import pattern_of
from comethooks.workers.plugins.looking import look_at_plugins
from comethooks.workers.plugins.published import HeldDecider, HeldHandler, HeldPlugin, held
from comethooks.workers.settings.settings import Settings
from comethooks.workers.shipped import ships
from comethooks.workers.texts import few, number_of

_NAMED = 5
"""So many triggers are named in a sentence."""


def asked_for(settings: Settings, triggers: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Of these triggers those that a handler or a decider asks for, in their order, each with the
    ids of those.

    They are those of the workers, or, when no worker is at work, of the plugins that are found
    here, whose code that runs.
    """
    asking = sorted(set(_asking(settings)), key=lambda each: each.id)
    found = {trigger: [each.id for each in asking if _asks(each, trigger)] for trigger in triggers}
    return {trigger: ids for trigger, ids in found.items() if ids}


def _asking(settings: Settings) -> Sequence[HeldHandler | HeldDecider]:
    workers = workers_at_work(settings)
    held_here = [each.plugins for each in workers] if workers else [held(look_at_plugins(settings))]
    return [each for plugins in held_here for plugin in plugins for each in _of_use(plugin)]


def _of_use(plugin: HeldPlugin) -> Iterator[HeldHandler | HeldDecider]:
    # What wants only messages that were decided on leaves it to deciders to ask for them.
    yield from (
        each
        for each in plugin.handlers
        if all(wanted.name != "decision" for wanted in each.filters)
    )
    # No message is to wait for a decider of ours that decides nothing unless a file says so.
    yield from (each for each in plugin.deciders if not (each.shadow and ships(plugin.name)))


def _asks(asking: HeldHandler | HeldDecider, trigger: str) -> bool:
    return any(pattern_of(pattern).among((trigger,)) for pattern in asking.patterns)


def only_asked_for(asking: Mapping[str, Sequence[str]], more: Sequence[str]) -> tuple[str, ...]:
    """The triggers of `--for-handlers`, and `more`. Ends the command when there are none."""
    if not asking:
        raise click.ClickException(
            "no plugin asks for a trigger of such webhooks: neither a worker nor this machine has"
            " one that does (before_message comes by legacy webhooks alone, with --legacy); see:"
            " comethooks plugins list"
        )
    return tuple(dict.fromkeys((*asking, *more)))


def offer(asking: Mapping[str, Sequence[str]], triggers: Sequence[str]) -> None:
    """Say that fewer triggers would do, if that is so."""
    wanted = [trigger for trigger in asking if trigger in triggers]
    if not wanted or len(wanted) == len(triggers):
        return
    hint(
        f"Your plugins ask for {len(wanted)} of these {number_of(len(triggers), 'trigger')}:"
        f" {few(wanted, _NAMED)}. --for-handlers registers only those."
    )
