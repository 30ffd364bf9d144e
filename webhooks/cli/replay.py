"""`comethooks replay`: kept events, put through handlers again."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click
from redis.exceptions import RedisError

from webhooks.cli import options
from webhooks.cli.details import moment, print_title
from webhooks.cli.importing import Importer
from webhooks.cli.output import Cell, Column, Listing, hint, print_json, progress, styled
from webhooks.cli.replay_plan import (
    Asked,
    asked_of,
    plan_document,
    print_plan,
    records_in,
    runs_of,
    summary,
    what,
)
from webhooks.cli.replay_refused import refused
from webhooks.cli.sources import Sources, open_sources
from workers import keys
from workers.clock import now_ms
from workers.journal.replays import Replays, StoredReplay
from workers.journal.times import iso
from workers.states import ReplayState, RunState

POLL_SECONDS = 0.5
_LONGEST_NAME = 255


@click.group()
def replay() -> None:
    """Put kept events through handlers again, under a name.

    A replayed event keeps its id and is given to handlers with that name in `event.replay`. What it does to the
    outside is done again, so a handler says whether that is safe; --include runs one that does not.
    """


replay.add_command(refused)


@replay.command(
    epilog=options.examples(
        "comethooks replay plan --trigger message_sent --since 2d --handler welcome.greet",
        "comethooks replay plan --missing --include welcome.greet --rate 50",
    )
)
@what
@options.as_json
def plan(as_json: bool, **given: Any) -> None:
    """Say what a replay would do: how many events and runs, and of which handlers. Changes nothing.

    Plugins are loaded as a worker does, which runs their code.
    """
    with open_sources() as sources:
        asked = asked_of(sources, now_ms(), **given)
        found = asked.plan(sources)
        if as_json:
            print_json(plan_document(asked, found))
        else:
            print_plan(asked, found)


@replay.command(
    epilog=options.examples(
        'comethooks replay run --name "fix greeting" --dead --include welcome.greet',
        "comethooks replay run --name september --file events.jsonl --rate 50 --dry-run --yes",
    )
)
@click.option("--name", required=True, metavar="NAME", help="What its runs are kept under.")
@what
@click.option("--dry-run", is_flag=True, help="Record what handlers would do through ctx; do nothing of it.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
def run(name: str, dry_run: bool, yes: bool, detach: bool, **given: Any) -> None:
    """Replay events, and show how far that is.

    The workers do it, one chunk after the other, beside live events. It survives whatever ends a worker, or this
    command. A replay that was stopped, or failed, goes on when its NAME is given and nothing else.
    """
    _check_name(name)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; add --yes to replay without being asked")
    with open_sources() as sources:
        replays = Replays(sources.journal.engine)
        known = replays.get(name)
        if known is None:
            _begin(sources, replays, asked_of(sources, now_ms(), **given), name, dry_run=dry_run, yes=yes)
        else:
            _resume(replays, known, given_more=dry_run or any(given.values()), yes=yes)
        if not detach:
            _follow(sources, replays, name)
        else:
            hint(_outlook(name))


@replay.command("list", epilog=options.examples("comethooks replay list"))
@options.as_json
def list_(as_json: bool) -> None:
    """List the replays, the newest first."""
    with open_sources() as sources:
        _LISTING.print(Replays(sources.journal.engine).all(), as_json=as_json, limit=None)


@replay.command(epilog=options.examples('comethooks replay status "fix greeting"'))
@click.argument("name")
@options.as_json
def status(name: str, as_json: bool) -> None:
    """Show how far a replay is, and what became of its runs."""
    with open_sources() as sources:
        replays = Replays(sources.journal.engine)
        found, states = _find(replays, name), _states(replays, name)
        if as_json:
            print_json({**found.as_json(), "states": states, "request": _request_document(found)})
            return
        counts = ", ".join(f"{count} {state}" for state, count in states.items())
        facts: list[tuple[str, Cell | None]] = [
            ("state", styled(found.state.value)),
            ("error", found.error),
            ("events", f"{found.events} of {found.expected}"),
            ("runs", f"{found.runs}: {counts}" if counts else str(found.runs)),
            ("handlers", ", ".join(sorted(found.request.handlers))),
            ("skipped", ", ".join(sorted(found.request.never))),
            ("dry run", "yes" if found.dry_run else None),
            ("rate", None if found.rate is None else f"{found.rate:g} events a second"),
            ("created", moment(found.created_at)),
            ("finished", moment(found.finished_at)),
        ]
        print_title("Replay", found.name, facts)


@replay.command(epilog=options.examples('comethooks replay stop "fix greeting"'))
@click.argument("name")
def stop(name: str) -> None:
    """Stop a replay. What is in progress is finished and recorded; `replay run --name NAME` goes on."""
    with open_sources() as sources:
        replays = Replays(sources.journal.engine)
        found = _find(replays, name)
        if not replays.stop(name, now_ms()):
            raise click.ClickException(f"it does not run: it is {found.state}")
    hint(f'Stopped. To go on: comethooks replay run --name "{name}" --yes')


def _begin(sources: Sources, replays: Replays, asked: Asked, name: str, *, dry_run: bool, yes: bool) -> None:
    """Make a replay, unless there is nothing to do or somebody would rather not."""
    found = asked.plan(sources)
    if not runs_of(asked, found):
        left_out = ", ".join(sorted(handler for handler in found.runs if handler in asked.asking))
        if left_out:
            raise click.ClickException(
                f"nothing is run without --include: {left_out} may not be safe to repeat"
            )
        hint("Nothing to replay.")
        raise click.exceptions.Exit(0)
    hint(summary(asked, found))
    for handler in sorted(found.runs):
        hint(f"  {handler}: {found.runs[handler]} runs, {asked.state_of(handler)}")
    _ask("Replay them as a dry run?" if dry_run else "Replay them?", yes=yes)
    if asked.file is not None:
        _stage(sources, replays, asked, name)
    made = replays.create(
        name, asked.request, now=now_ms(), expected=found.events, rate=asked.rate, dry_run=dry_run
    )
    if not made:
        raise click.ClickException(f"somebody has just begun a replay {name!r}; choose another name")


def _stage(sources: Sources, replays: Replays, asked: Asked, name: str) -> None:
    """Import what the journal does not have of the file, and note which events are in it."""
    assert asked.file is not None
    replays.stage(name, (), anew=True)
    importer = Importer(sources.journal, sources.kept.waiting_ids())
    for batch in records_in(asked.file):
        for record in batch:
            importer.add(record)
        importer.flush()
        replays.stage(name, [record.id for record in batch])
    hint(f"Imported {importer.imported} events; {importer.known} were there already.")


def _resume(replays: Replays, known: StoredReplay, *, given_more: bool, yes: bool) -> None:
    if given_more or known.state is ReplayState.DONE:
        raise click.ClickException(
            f"there is a replay {known.name!r} already, which is {known.state}; choose another name"
        )
    if known.state is ReplayState.RUNNING:
        return
    hint(f"It is {known.state} after {known.events} of {known.expected} events.")
    _ask("Go on with it?", yes=yes)
    replays.resume(known.name, now_ms())


def _ask(question: str, *, yes: bool) -> None:
    if not yes and not click.confirm(question, prompt_suffix=" ", err=True):
        hint("Nothing was changed.")
        raise click.exceptions.Exit(1)


def _follow(sources: Sources, replays: Replays, name: str) -> None:
    """Show how far it is, until it has ended or somebody does not want to see more of it."""
    found = _find(replays, name)
    _warn_without_workers(sources)
    try:
        with progress(found.expected, "replayed") as advance:
            shown = 0
            while True:
                shown = _advanced(advance, shown, found.events)
                if found.state is not ReplayState.RUNNING:
                    break
                time.sleep(POLL_SECONDS)
                found = _find(replays, name)
    except KeyboardInterrupt:
        hint(_outlook(name))
        return
    counts = ", ".join(f"{count} {state}" for state, count in _states(replays, name).items())
    click.echo(f"{found.state}: {found.events} events, {found.runs} runs ({counts or 'none'}).")
    if found.error:
        hint(found.error)
    if found.state is not ReplayState.DONE:
        raise click.exceptions.Exit(1)


def _advanced(advance: Callable[[], None], shown: int, events: int) -> int:
    for _ in range(events - shown):
        advance()
    return max(shown, events)


def _outlook(name: str) -> str:
    return f'The workers go on with it. To see how far: comethooks replay status "{name}"'


def _warn_without_workers(sources: Sources) -> None:
    try:
        if not sources.client.exists(keys.LEADER):
            hint("It waits for a worker: start `comethooks worker`.")
    except (RedisError, OSError) as error:
        hint(f"It waits for Redis, which does not answer ({type(error).__name__}).")


def _find(replays: Replays, name: str) -> StoredReplay:
    found = replays.get(name)
    if found is None:
        raise click.ClickException(f"no replay is called {name!r}; see: comethooks replay list")
    return found


def _states(replays: Replays, name: str) -> dict[str, int]:
    """How many runs are in each state, as far as any are."""
    others = replays.states(name)
    found = _find(replays, name)
    counts = {RunState.DONE: found.runs - sum(others.values()), **others}
    return {state.value: count for state, count in counts.items() if count > 0}


def _request_document(found: StoredReplay) -> dict[str, Any]:
    """What was asked for, with times as people and programs write them."""
    request = found.request.as_json()
    times = {name: iso(request["asked"][name]) for name in ("since", "until") if name in request["asked"]}
    return {**request, "asked": {**request["asked"], **times}}


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise click.UsageError(f"a name has 1 to {_LONGEST_NAME} printable characters")


def _row(found: StoredReplay) -> tuple[Cell, ...]:
    return (
        found.name,
        styled(found.state.value),
        f"{found.events} of {found.expected}",
        str(found.runs),
        "yes" if found.dry_run else "",
        moment(found.created_at),
        moment(found.finished_at),
        found.error or "",
    )


_LISTING: Listing[StoredReplay] = Listing(
    columns=(
        Column("NAME", folds_at=24),
        Column("STATE"),
        Column("EVENTS"),
        Column("RUNS"),
        Column("DRY RUN", spare=3),
        Column("CREATED", spare=2),
        Column("FINISHED", spare=4),
        Column("ERROR", spare=1, folds_at=24),
    ),
    row=_row,
    document=StoredReplay.as_json,
    nothing="No replays found. To see what one would do: comethooks replay plan",
)
