"""`comethooks plugins forget`: gives up a plugin that will never come back."""

import click

from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import Stores, needing_redis, open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Filter, Journal
from comethooks.workers.plugins import known
from comethooks.workers.plugins.published import at_work
from comethooks.workers.states import RunState
from comethooks.workers.texts import number_of

_GIVEN_UP = (RunState.WAITING, RunState.RETRYING)
"""In this order: the end of the first run of a line would make the next one due."""


@click.command(epilog=options.examples("comethooks plugins forget night_watch"))
@click.argument("name")
@yes_option
@options.as_json
def forget(name: str, yes: bool, as_json: bool) -> None:
    """Give up a plugin that will never come back.

    Nothing waits for it any more: its runs that wait are dismissed; they can still be retried. Its
    dead letters stay. A plugin that a worker has is not forgotten.
    """
    require_answer("forget it without being asked", yes=yes)
    with open_stores() as stores:
        with needing_redis(stores.settings):
            handlers = _handlers(stores, name)
            waiting = stores.journal.count_runs
            number = sum(waiting(Filter(handler=each), _GIVEN_UP) for each in handlers)
            hint(f"{number_of(number, 'run waits', 'runs wait')} for {', '.join(handlers)}.")
            ask(f"Forget {name}, and dismiss {number_of(number, 'run')}?", yes=yes)
            known.forget(stores.client, name)
        dismissed = sum(_dismiss(stores.journal, handler) for handler in handlers)
    if as_json:
        print_json({"plugin": name, "handlers": handlers, "dismissed": dismissed})
    else:
        click.echo(f"{name} is forgotten, and {number_of(dismissed, 'run')} dismissed.")
    hint(_REST)


def _handlers(stores: Stores, name: str) -> list[str]:
    """The handlers of the plugin that something waits for. Ends the command when a worker has it,
    or nothing waits for it.
    """
    for worker in at_work(stores.client):
        held = worker.get(name)
        if held is not None and held.state.runs:
            raise click.ClickException(
                f"a worker on {worker.host} has the plugin {name}; take it out there first, or name"
                " it in COMETHOOKS_DISABLED_PLUGINS"
            )
    missing = {each.id for each in known.known_handlers(stores.client)} | {*stores.journal.parked()}
    found = sorted(handler for handler in missing if handler.partition(".")[0] == name)
    if not found:
        names = sorted({handler.partition(".")[0] for handler in missing})
        others = f"; known are {', '.join(names)}" if names else ""
        raise click.ClickException(f"nothing waits for a plugin {name}{others}")
    return found


def _dismiss(journal: Journal, handler: str) -> int:
    return sum(
        journal.dismiss_runs(Filter(handler=handler, state=state), now_ms()) for state in _GIVEN_UP
    )


_REST = """\
Drainers that are at work expect it for some minutes more, until they are replaced. To have them
replaced now: kill -USR1 on `comethooks up` or `comethooks worker`."""
