"""`comethooks replay`: kept events, put through handlers again."""

import shlex
from typing import Any

import click

from comethooks.cli.replay.choosing import planned, what
from comethooks.cli.replay.planning import plan_document, print_plan
from comethooks.cli.replay.progress import find, list_, standing, status
from comethooks.cli.replay.refused import again
from comethooks.cli.replay.running import resume, run, to_forget, to_resume
from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import ReplayName
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.states import ReplayState
from comethooks.workers.texts import number_of


@click.group()
def replay() -> None:
    """Put kept events through handlers again, under a name.

    A replayed event keeps its id and is given to handlers with that name in `event.replay`. What it
    does to the outside is done again, so a handler says whether that is safe; --include runs one
    that does not.
    """


@replay.command(
    epilog=options.examples(
        "comethooks replay plan --trigger message_sent --since 2d --handler welcome.greet",
        "comethooks replay plan --missing --include welcome.greet --rate 50",
        "comethooks replay plan --refused",
    )
)
@what
@options.as_json
def plan(refused: bool, as_json: bool, **given: Any) -> None:
    """Say what a replay would do, and change nothing.

    It tells how many events and runs there would be, and of which handlers. Plugins are loaded as a
    worker does, which runs their code.
    """
    if refused:
        again(dry_run=True, yes=True, as_json=as_json)
        return
    with open_stores() as stores:
        found = planned(stores, **given)
    if as_json:
        print_json(plan_document(found))
    else:
        print_plan(found)


@replay.command(epilog=options.examples('comethooks replay stop "fix greeting"'))
@click.argument("name", type=ReplayName())
def stop(name: str) -> None:
    """Stop a replay. What is in progress is finished and recorded; `replay resume NAME` goes on."""
    with open_stores() as stores:
        replays = stores.journal.replays
        found = find(replays, name)
        if not replays.stop(name, now_ms()):
            to_do = (
                f"; to give it up: {to_forget(name)}" if found.state is ReplayState.STAGING else ""
            )
            raise click.ClickException(f"it does not run: it is {found.state}{to_do}")
    hint(f"Stopped. To go on: {to_resume(name)}")


@replay.command(epilog=options.examples('comethooks replay forget "fix greeting"'))
@click.argument("name", type=ReplayName())
@yes_option
@options.as_json
def forget(name: str, yes: bool, as_json: bool) -> None:
    """Delete a replay that does not run, with its runs. Its name is free again.

    What it did stays done: the events that its handlers emitted are kept, and so are the keys of
    `ctx.once` that they took. But nobody knows then that its handlers have run: what it had done is
    missing again for `replay run --missing`.
    """
    with open_stores() as stores:
        shown = standing(stores, name)
        require_answer("forget it without being asked", yes=yes)
        if shown.replay.state is ReplayState.RUNNING:
            raise click.ClickException(
                f"it runs; first: comethooks replay stop {shlex.quote(name)}"
            )
        hint(f"{shown.replay.state}: {shown.counts}.")
        ask("Forget it, with its runs?", yes=yes)
        forgotten = stores.journal.replays.forget(name)
    if forgotten is None:
        raise click.ClickException(
            "a worker is still at it, or somebody let it go on or forgot it; try again in a moment"
        )
    if as_json:
        print_json({"name": name, "runs": forgotten})
    else:
        click.echo(f"Forgotten, with {number_of(forgotten, 'run')}.")


for command in (run, resume, list_, status):
    replay.add_command(command)
