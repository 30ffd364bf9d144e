"""`comethooks partitions`: into how many streams the work is divided, and changing that."""

import time
from typing import Any

import click
from redis import Redis

from comethooks.cli import load_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import Cell, Column, Listing, hint, print_json
from comethooks.cli.terminal.stores import open_redis
from comethooks.workers.streams.layout import Layouts, SwitchingError, read_layouts, retire, switch
from comethooks.workers.streams.overview import Overview, PartitionState, overview
from comethooks.workers.texts import number_of

MOST = 1024
_POLL_SECONDS = 0.2
_SAY_SECONDS = 5.0


@click.group()
def partitions() -> None:
    """Show into how many streams the work is divided, or change it.

    Events of one conversation are always in the same one of these partitions. A drainer, of which
    each worker process has one, takes a share of them and runs the handlers on what is in it.
    """


@partitions.command("list", epilog=options.examples("comethooks partitions list"))
@options.as_json
def list_(as_json: bool) -> None:
    """List the partitions: what waits in each, and if it is drained."""
    settings = load_settings()
    with open_redis(settings) as client:
        state = overview(client, settings.partitions)
    _LISTING.print(iter(state.partitions), as_json=as_json, limit=None)
    if state.emptying:
        hint(f"{_left(state)} left in the old partitions; then the new ones are drained.")


@partitions.command(
    "set",
    epilog=options.examples(
        "comethooks partitions set 32", "comethooks partitions set 32 --no-wait"
    ),
)
@click.argument("count", type=click.IntRange(min=1, max=MOST))
@click.option(
    "--wait/--no-wait", default=True, help="Wait until the old partitions are empty, or do not."
)
@options.as_json
def set_(count: int, wait: bool, as_json: bool) -> None:
    """Divide the work into COUNT partitions from now on.

    Nothing has to be stopped. Requests go into the new partitions at once. The drainers first empty
    the old ones and then read the new ones, so nothing is lost and no conversation gets out of
    order. If COMETHOOKS_PARTITIONS is set, set it to COUNT before the next start.
    """
    settings = load_settings()
    with open_redis(settings) as client:
        try:
            layouts = switch(client, count, settings.partitions)
        except SwitchingError as error:
            raise click.ClickException(str(error)) from None
        if layouts.emptying:
            hint(f"Requests go into {number_of(count, 'new partition')} now.")
            if wait:
                layouts = _wait(client, settings.partitions)
        else:
            hint(f"{number_of(count, 'partition is', 'partitions are')} there already.")
    if settings.partitions not in (None, count):
        hint(
            f"COMETHOOKS_PARTITIONS is {settings.partitions}: set it to {count}, or unset it,"
            " before the next start."
        )
    if as_json:
        print_json(
            {"partitions": count, "emptying": layouts.emptying.count if layouts.emptying else None}
        )
    elif layouts.emptying:
        hint("The drainers empty the old ones; see: comethooks partitions list")
    else:
        hint("The old partitions are empty; the new ones are drained.")


def _wait(client: Redis, partitions: int | None) -> Layouts:
    """Wait until the old partitions are empty, and say now and then how far that is."""
    said = time.monotonic()
    while (state := overview(client, partitions)).emptying:
        if retire(client, state.emptying):
            break
        if time.monotonic() > said + _SAY_SECONDS:
            said = time.monotonic()
            drainers = (
                number_of(state.drainers, "drainer")
                if state.drainers
                else "no drainers: start `comethooks worker`"
            )
            hint(f"{_left(state)} left in the old partitions ({drainers})")
        time.sleep(_POLL_SECONDS)
    return read_layouts(client)


def _left(state: Overview) -> str:
    return number_of(state.left, "entry is", "entries are")


def _document(state: PartitionState) -> dict[str, Any]:
    return {
        "partition": state.number,
        "depth": state.depth,
        "oldest_age_s": state.oldest_age_s,
        "leased": state.leased,
    }


def _row(state: PartitionState) -> tuple[Cell, ...]:
    oldest = "" if state.oldest_age_s is None else f"{state.oldest_age_s:.0f} s"
    return str(state.number), str(state.depth), oldest, "yes" if state.leased else "no"


_LISTING: Listing[PartitionState] = Listing(
    columns=(Column("PARTITION"), Column("WAITING"), Column("OLDEST"), Column("DRAINED")),
    row=_row,
    document=_document,
    nothing="No partitions.",
)
