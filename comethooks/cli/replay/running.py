"""`comethooks replay run` and `replay resume`: how a replay is begun, gone on with, and watched
until its end.
"""

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import click

from comethooks.cli.replay.choosing import Planned, planned, what
from comethooks.cli.replay.effects import BEHIND
from comethooks.cli.replay.planning import plan_document, print_plan, why_nothing
from comethooks.cli.replay.progress import Standing, counted, find, standing
from comethooks.cli.replay.refused import again
from comethooks.cli.replay.staging import stage
from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import ask, can_ask, require_answer, yes_option
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import ReplayName
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Replays, StoredReplay
from comethooks.workers.states import ReplayState, RunState
from comethooks.workers.texts import number_of

POLL_SECONDS = 0.5
_CHOOSE_NOTHING = ("included", "rate")
"""Options of what is replayed that leave everything in it."""

_detach: Callable[[Any], Any] = click.option(
    "--detach", is_flag=True, help="Do not wait for the end."
)


@click.command(
    epilog=options.examples(
        'comethooks replay run --name "fix greeting" --dead --include welcome.greet',
        "comethooks replay run --missing --handler welcome.greet",
        "comethooks replay run --name september --file events.jsonl --rate 50 --dry-run --yes",
        "comethooks replay run --refused --trigger message_sent --since 2d",
    )
)
@click.option(
    "--name",
    type=ReplayName(),
    metavar="NAME",
    help="What its runs are kept under; one is made if it is left out.",
)
@what
@click.option(
    "--all", "everything", is_flag=True, help="All events that are kept, for all handlers."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help=(
        "Record what handlers would do through ctx, and do nothing of it. What they do behind its"
        " back is done."
    ),
)
@yes_option
@_detach
@options.as_json
def run(
    *,
    name: str | None,
    refused: bool,
    everything: bool,
    dry_run: bool,
    yes: bool,
    detach: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Replay events, and show how far that is.

    The workers do it, one chunk after the other, beside live events. It survives whatever ends a
    worker, or this command: then, and when it was stopped, `replay resume NAME` goes on with it.

    It exits with 1 when the replay did not come to its end, found fewer events than it was to have,
    or has dead runs, and when all that could be done has to be agreed to with --include; and with 0
    when there was nothing to do.

    A dry run ends with what handlers would have done through ctx. What they do behind its back,
    such as writing into a database of their own, a dry run does too.
    """
    if refused:
        if name is not None:
            hint("What fits now becomes a live event, so a name is not needed.")
        again(dry_run=dry_run, yes=yes, as_json=as_json)
        return
    _check_choice(given, everything=everything, yes=yes)
    with open_stores() as stores:
        if name and (known := stores.journal.replays.get(name)):
            raise _name_is_taken(known)
        found = planned(stores, **given)
        if not found.plan.runs:
            _end_without_runs(found, as_json=as_json)
        name = _begin(stores, found, name, dry_run=dry_run, yes=yes)
        _watch(stores, name, detach=detach, as_json=as_json)


@click.command(epilog=options.examples('comethooks replay resume "fix greeting"'))
@click.argument("name", type=ReplayName())
@_detach
@options.as_json
def resume(name: str, detach: bool, as_json: bool) -> None:
    """Go on with a replay that was stopped or failed, where it was.

    Of one that runs, it shows how far that is.
    """
    with open_stores() as stores:
        replays = stores.journal.replays
        found = find(replays, name)
        if found.state is ReplayState.DONE:
            raise click.ClickException("it is done; to replay the same again, choose another name")
        if found.state is ReplayState.STAGING:
            raise click.ClickException(
                "its file was not read to its end yet. If nobody reads it any more:"
                f" {to_forget(name)}"
            )
        if found.state is not ReplayState.RUNNING:
            hint(f"{found.state} after {found.events} of {number_of(found.expected, 'event')}.")
            stores.follow_clock()
            replays.resume(name, now_ms())
        _watch(stores, name, detach=detach, as_json=as_json)


def to_resume(name: str) -> str:
    """The line to type to go on with a replay."""
    return f"comethooks replay resume {shlex.quote(name)}"


def to_forget(name: str) -> str:
    """The line to type to delete a replay, such as one whose file was not read to its end."""
    return f"comethooks replay forget {shlex.quote(name)}"


def _check_choice(given: dict[str, Any], *, everything: bool, yes: bool) -> None:
    """End the command with wrong use when nobody has said what to replay, and nobody can be
    asked.
    """
    chosen = any(value for option, value in given.items() if option not in _CHOOSE_NOTHING)
    asking = not yes and can_ask()
    if everything and chosen:
        raise click.UsageError(
            "--all and options that choose events or handlers exclude each other"
        )
    if not (everything or chosen or asking):
        raise click.UsageError(
            "this would replay every event that is kept; choose some, with --since, --trigger,"
            " --handler, --dead or the like, or --all of them (and --yes where there is no"
            " terminal)"
        )
    require_answer("replay without being asked", yes=yes)


def _name_is_taken(known: StoredReplay) -> click.UsageError:
    advice = "choose another name"
    if known.state is ReplayState.STAGING:
        advice = f"somebody reads its file; if nobody does any more: {to_forget(known.name)}"
    elif known.state is not ReplayState.DONE:
        advice = f"to go on with it: {to_resume(known.name)}"
    return click.UsageError(
        f"there is a replay {known.name!r} already, which is {known.state}; {advice}"
    )


def _end_without_runs(found: Planned, *, as_json: bool) -> None:
    """End the command, which has nothing to do, or nothing that somebody has asked for."""
    if found.plan.left_out and not found.plan.considered:
        raise click.ClickException(why_nothing(found.plan))
    if as_json:
        print_json(plan_document(found))
    hint(why_nothing(found.plan))
    raise click.exceptions.Exit(0)


def _begin(stores: Stores, found: Planned, wanted: str | None, *, dry_run: bool, yes: bool) -> str:
    """Make a replay and let it begin, unless somebody would rather not; its name."""
    plan, replays = found.plan, stores.journal.replays
    with redirect_stdout(sys.stderr):  # where it is no data: that is what came of it
        print_plan(found)
    question = f"Replay {counted(plan.events, plan.runs, 0)}{' as a dry run' if dry_run else ''}?"
    ask(question, yes=yes)
    stores.follow_clock()
    name = plan.create(replays, wanted, now=now_ms(), rate=found.rate, dry_run=dry_run)
    if name is None:
        raise _name_is_taken(find(replays, wanted or ""))
    if not wanted:
        hint(f"Its name is {name}.")
    if found.file is not None:
        try:
            stage(stores, replays, name, found.file)
        except BaseException:
            # A part of the file is not what was asked for, so the name is free again.
            replays.forget(name)
            raise
        if not replays.start(name, now_ms()):
            raise click.ClickException(
                "somebody gave it up while its file was read; nothing was replayed"
            )
    return name


def _watch(stores: Stores, name: str, *, detach: bool, as_json: bool) -> None:
    """Show how far it is, until it has ended or somebody does not want to see more of it; then what
    it came to.
    """
    outlook = (
        f"The workers go on with it. To see how far: comethooks replay status {shlex.quote(name)}"
    )
    if detach:
        hint(outlook)
        if as_json:
            print_json(standing(stores, name).as_json())
        return
    if missing := stores.waits_for():
        hint(f"It waits for {missing}.")
    try:
        _wait(stores.journal.replays, name)
    except KeyboardInterrupt:
        hint(outlook)
        return
    _print_end(stores, name, as_json=as_json)


def _wait(replays: Replays, name: str) -> None:
    found, shown = find(replays, name), 0
    with progress(found.expected, "replayed") as advance:
        while True:
            if found.events > shown:
                advance(found.events - shown)
                shown = found.events
            if found.state is not ReplayState.RUNNING:
                return
            time.sleep(POLL_SECONDS)
            found = find(replays, name)


def _print_end(stores: Stores, name: str, *, as_json: bool) -> None:
    """Say what it came to. Ends the command with failure when that is not what was asked for."""
    shown = standing(stores, name)
    found = shown.replay
    if as_json:
        print_json(shown.as_json())
    else:
        click.echo(f"{found.state}: {shown.counts}.")
    if shown.effects is not None:
        if not as_json:
            click.echo("\n".join(shown.effects.lines()))
        hint(BEHIND)
    for remark in _remarks(shown):
        hint(remark)
    if found.state is not ReplayState.DONE or shown.shortfall or shown.states.get(RunState.DEAD):
        raise click.exceptions.Exit(1)


def _remarks(shown: Standing) -> Iterator[str]:
    """What is to be said beside the counts."""
    quoted = shlex.quote(shown.replay.name)
    if shown.shortfall:
        yield f"{shown.shortfall}."
    if shown.replay.error:
        yield shown.replay.error
    if shown.states.get(RunState.DEAD):
        yield f"To see what failed: comethooks runs list --state dead --replay {quoted}"
    if shown.states.get(RunState.RETRYING):
        yield (
            "Runs that failed are tried again. To see what becomes of them:"
            f" comethooks replay status {quoted}"
        )
