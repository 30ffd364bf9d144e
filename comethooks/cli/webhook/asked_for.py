"""Which triggers the handlers ask for: of those that a webhook can deliver, what is of use here."""

from collections.abc import Mapping, Sequence

import click

from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import workers_at_work
from comethooks.workers import logs
from comethooks.workers.patterns import pattern_of
from comethooks.workers.plugins.loading import look_at_plugins
from comethooks.workers.plugins.published import HeldHandler, held
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import number_of

_NAMED = 5
"""So many triggers are named in a sentence."""


def asked_for(settings: Settings, triggers: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Of these triggers those that a handler asks for, in their order, each with the handlers' ids.

    They are the handlers of the workers, or, when no worker is at work, of the plugins that are
    found here, whose code that runs.
    """
    handlers = sorted(set(_handlers(settings)), key=lambda handler: handler.id)
    asking = {
        trigger: [each.id for each in handlers if _asks(each, trigger)] for trigger in triggers
    }
    return {trigger: ids for trigger, ids in asking.items() if ids}


def _handlers(settings: Settings) -> Sequence[HeldHandler]:
    logs.configure(settings.log_format)
    workers = workers_at_work(settings)
    held_here = [each.plugins for each in workers] if workers else [held(look_at_plugins(settings))]
    return [handler for plugins in held_here for plugin in plugins for handler in plugin.handlers]


def _asks(handler: HeldHandler, trigger: str) -> bool:
    return any(pattern_of(pattern).among((trigger,)) for pattern in handler.patterns)


def only_asked_for(asking: Mapping[str, Sequence[str]], more: Sequence[str]) -> tuple[str, ...]:
    """The triggers of `--for-handlers`, and `more`. Ends the command when there are none."""
    if not asking:
        raise click.ClickException(
            "no handler asks for a trigger: neither a worker nor this machine has a plugin with"
            " one; see: comethooks plugins list"
        )
    return tuple(dict.fromkeys((*asking, *more)))


def offer(asking: Mapping[str, Sequence[str]], triggers: Sequence[str]) -> None:
    """Say that fewer triggers would do, if that is so."""
    wanted = [trigger for trigger in asking if trigger in triggers]
    if not wanted or len(wanted) == len(triggers):
        return
    more = f" and {len(wanted) - _NAMED} more" if len(wanted) > _NAMED else ""

    hint(
        f"Your handlers ask for {len(wanted)} of these {number_of(len(triggers), 'trigger')}:"
        f" {', '.join(wanted[:_NAMED])}{more}. --for-handlers registers only those."
    )
