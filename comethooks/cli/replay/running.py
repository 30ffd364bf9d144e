"""`comethooks replay run` and `replay resume`: how a replay is begun, gone on with, and watched
until its end.
"""

import shlex
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from redis.exceptions import RedisError

from comethooks.cli.events.importing import Importer, warn_of_retention
from comethooks.cli.replay.effects import BEHIND
from comethooks.cli.replay.planning import (
    Asked,
    asked_of,
    records_in,
    runs_of,
    summary,
    what,
    why_nothing,
)
from comethooks.cli.replay.progress import counted, find, standing
from comethooks.cli.replay.refused import again
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.output import hint, print_json, progress
from comethooks.cli.terminal.sources import Sources, open_sources
from comethooks.files.imported import event_in
from comethooks.workers.clock import now_ms
from comethooks.workers.journal.replaying.replay_rows import Replays, StoredReplay
from comethooks.workers.states import ReplayState
from comethooks.workers.streams import keys

POLL_SECONDS = 0.5
_CHOOSE_NOTHING = ("included", "rate")
"""Options of what is replayed that leave everything in it."""

_detach: Callable[[Any], Any] = click.option(
    "--detach", is_flag=True, help="Do not wait for the end."
)


@click.command(
    epilog=options.examples(
        'comethooks replay run --name "fix greeting" --dead --include welcome.greet',
        "comethooks replay run --name september --file events.jsonl --rate 50 --dry-run --yes",
        "comethooks replay run --refused --trigger message_sent --since 2d",
    )
)
@click.option(
    "--name", type=filters.ReplayName(), metavar="NAME", help="What its runs are kept under."
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
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
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

    A dry run ends with what handlers would have done through ctx. What they do behind its back,
    such as writing into a database of their own, a dry run does too.
    """
    if refused:
        if name is not None:
            hint("What fits now becomes a live event, so a name is not needed.")
        again(dry_run=dry_run, yes=yes, as_json=as_json)
        return
    if name is None:
        raise click.UsageError("Missing option '--name'.")
    _check_choice(given, everything=everything, yes=yes)
    with open_sources() as sources:
        replays = Replays(sources.journal.engine)
        if known := replays.get(name):
            raise _name_is_taken(known)
        _begin(
            sources, replays, asked_of(sources, now_ms(), **given), name, dry_run=dry_run, yes=yes
        )
        _watch(sources, name, detach=detach, as_json=as_json)


@click.command(epilog=options.examples('comethooks replay resume "fix greeting"'))
@click.argument("name", type=filters.ReplayName())
@_detach
@options.as_json
def resume(name: str, detach: bool, as_json: bool) -> None:
    """Go on with a replay that was stopped or failed, where it was; of one that runs, show how far
    it is.
    """
    with open_sources() as sources:
        replays = Replays(sources.journal.engine)
        found = find(replays, name)
        if found.state is ReplayState.DONE:
            raise click.ClickException("it is done; to replay the same again, choose another name")
        if found.state is ReplayState.STAGING:
            raise click.ClickException(
                "its file was not read to its end yet. If nobody reads it any more:"
                f" {_to_give_up(name)}"
            )
        if found.state is not ReplayState.RUNNING:
            hint(f"It is {found.state} after {found.events} of {found.expected} events.")
            replays.resume(name, now_ms())
        _watch(sources, name, detach=detach, as_json=as_json)


def to_resume(name: str) -> str:
    """The line to type to go on with a replay."""
    return f"comethooks replay resume {shlex.quote(name)}"


def _to_give_up(name: str) -> str:
    """The line to type to forget a replay whose file was not read to its end."""
    return f"comethooks replay stop {shlex.quote(name)}"


def _check_choice(given: dict[str, Any], *, everything: bool, yes: bool) -> None:
    """End the command with wrong use when nobody has said what to replay, and nobody can be
    asked.
    """
    chosen = any(value for option, value in given.items() if option not in _CHOOSE_NOTHING)
    asking = not yes and sys.stdin.isatty()
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
    if not (yes or asking):
        raise click.UsageError(
            "there is no terminal to ask on; add --yes to replay without being asked"
        )


def _name_is_taken(known: StoredReplay) -> click.UsageError:
    advice = "choose another name"
    if known.state is ReplayState.STAGING:
        advice = f"somebody reads its file; if nobody does any more: {_to_give_up(known.name)}"
    elif known.state is not ReplayState.DONE:
        advice = f"to go on with it: {to_resume(known.name)}"
    return click.UsageError(
        f"there is a replay {known.name!r} already, which is {known.state}; {advice}"
    )


def _begin(
    sources: Sources, replays: Replays, asked: Asked, name: str, *, dry_run: bool, yes: bool
) -> None:
    """Make a replay, unless there is nothing to do or somebody would rather not."""
    found = asked.plan(sources)
    runs = runs_of(asked, found)
    if not runs:
        if found.runs.keys() & asked.asking:
            raise click.ClickException(why_nothing(asked, found))
        hint(why_nothing(asked, found))
        raise click.exceptions.Exit(0)
    hint(summary(asked, found))
    for handler in sorted(found.runs):
        hint(f"  {handler}: {found.runs[handler]} runs, {asked.state_of(handler)}")
    question = f"Replay {counted(found.events, runs, 0)}{' as a dry run' if dry_run else ''}?"
    if not yes and not click.confirm(question, prompt_suffix=" ", err=True):
        hint("Nothing was changed.")
        raise click.exceptions.Exit(1)
    made = replays.create(
        name, asked.request, now=now_ms(), expected=found.events, rate=asked.rate, dry_run=dry_run
    )
    if not made:
        raise _name_is_taken(find(replays, name))
    if asked.file is not None:
        try:
            _stage(sources, replays, asked, name)
        except BaseException:
            replays.forget(name)
            raise
        if not replays.start(name, now_ms()):
            raise click.ClickException(
                "somebody stopped it while its file was read; nothing was replayed"
            )


def _stage(sources: Sources, replays: Replays, asked: Asked, name: str) -> None:
    """Note which events are in the file, and import what the journal does not have of them."""
    assert asked.file is not None
    settings = sources.settings
    importer = Importer(sources.journal, sources.kept.waiting_ids())
    read = partial(event_in, drop_secrets=settings.drop_secrets)
    for batch in records_in(asked.file, read):
        replays.stage(name, [record.id for record in batch])
        for record in batch:
            importer.add(record)
        importer.flush()
    events = f"{importer.imported} event{'' if importer.imported == 1 else 's'}"
    hint(
        f"Imported {events}; {importer.known} {'was' if importer.known == 1 else 'were'} there"
        " already."
    )
    warn_of_retention(importer.oldest, settings.retention_days, "once the replay has ended")


def _watch(sources: Sources, name: str, *, detach: bool, as_json: bool) -> None:
    """Show how far it is, until it has ended or somebody does not want to see more of it; then what
    it came to.
    """
    outlook = (
        f"The workers go on with it. To see how far: comethooks replay status {shlex.quote(name)}"
    )
    if detach:
        hint(outlook)
        if as_json:
            print_json(standing(sources, name).as_json())
        return
    _warn_without_workers(sources)
    try:
        _wait(Replays(sources.journal.engine), name)
    except KeyboardInterrupt:
        hint(outlook)
        return
    _print_end(sources, name, as_json=as_json)


def _wait(replays: Replays, name: str) -> None:
    found, shown = find(replays, name), 0
    with progress(found.expected, "replayed") as advance:
        while True:
            for _ in range(found.events - shown):
                advance()
            shown = max(shown, found.events)
            if found.state is not ReplayState.RUNNING:
                return
            time.sleep(POLL_SECONDS)
            found = find(replays, name)


def _print_end(sources: Sources, name: str, *, as_json: bool) -> None:
    shown = standing(sources, name)
    found, shortfall = shown.replay, shown.shortfall
    if as_json:
        print_json(shown.as_json())
    else:
        click.echo(f"{found.state}: {shown.counts}.")
    if shown.effects is not None:
        if not as_json:
            click.echo("\n".join(shown.effects.lines()))
        hint(BEHIND)
    if shortfall:
        hint(f"{shortfall}.")
    if found.error:
        hint(found.error)
    if found.state is not ReplayState.DONE or shortfall:
        raise click.exceptions.Exit(1)


def _warn_without_workers(sources: Sources) -> None:
    try:
        if not sources.client.exists(keys.LEADER):
            hint("It waits for a worker: start `comethooks worker`.")
    except (RedisError, OSError) as error:
        hint(f"It waits for Redis, which does not answer ({type(error).__name__}).")
