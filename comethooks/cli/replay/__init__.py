"""`comethooks replay`: kept events, put through handlers again."""

from typing import Any

import click

from comethooks.cli.replay.choosing import planned, what
from comethooks.cli.replay.planning import plan_document, print_plan
from comethooks.cli.replay.progress import find, list_, status
from comethooks.cli.replay.refused import again
from comethooks.cli.replay.running import resume, run, to_resume
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.sources import open_sources
from comethooks.workers.clock import now_ms
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.states import ReplayState


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
    """Say what a replay would do: how many events and runs, and of which handlers. Changes nothing.

    Plugins are loaded as a worker does, which runs their code.
    """
    if refused:
        again(dry_run=True, yes=True, as_json=as_json)
        return
    with open_sources() as sources:
        found = planned(sources, **given)
    if as_json:
        print_json(plan_document(found))
    else:
        print_plan(found)


@replay.command(epilog=options.examples('comethooks replay stop "fix greeting"'))
@click.argument("name", type=filters.ReplayName())
def stop(name: str) -> None:
    """Stop a replay. What is in progress is finished and recorded; `replay resume NAME` goes on.

    One whose file was not read to its end is forgotten, and its name is free again.
    """
    with open_sources() as sources:
        replays = Replays(sources.journal.engine)
        found = find(replays, name)
        if found.state is ReplayState.STAGING:
            replays.forget(name)
            hint("Forgotten: its file was not read to its end, and nothing was replayed.")
            return
        if not replays.stop(name, now_ms()):
            raise click.ClickException(f"it does not run: it is {found.state}")
    hint(f"Stopped. To go on: {to_resume(name)}")


for command in (run, resume, list_, status):
    replay.add_command(command)
