"""`comethooks partitions`: into how many streams the work is divided, and changing that."""

import time
from typing import Any

import click
from redis.exceptions import RedisError

from comethooks.cli import load_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import Cell, Column, Listing, hint, print_json
from comethooks.cli.terminal.stores import of_redis
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import Layouts, SwitchingError, read_layouts, retire, switch
from comethooks.workers.streams.overview import Overview, PartitionState, overview
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.texts import number_of

MOST = 1024
_POLL_SECONDS = 0.2
_SAY_SECONDS = 5.0


@click.group()
def partitions() -> None:
    """Show into how many streams the work is divided, or change it."""


@partitions.command("list", epilog=options.examples("comethooks partitions list"))
@options.as_json
def list_(as_json: bool) -> None:
    """List the partitions: what waits in each, and whether a drainer has it."""
    settings = load_settings()
    state = _overview(settings)
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
    try:
        layouts = switch(connect(settings.redis_url), count, settings.partitions)
    except SwitchingError as error:
        raise click.ClickException(str(error)) from None
    except (RedisError, OSError) as error:
        raise _no_redis(settings, error) from None
    if layouts.emptying:
        hint(f"Requests go into {number_of(count, 'new partition')} now.")
        if wait:
            layouts = _wait(settings)
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


def _wait(settings: Settings) -> Layouts:
    """Wait until the old partitions are empty, and say now and then how far that is."""
    said = time.monotonic()
    client = connect(settings.redis_url)
    while (state := _overview(settings)).emptying:
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


def _overview(settings: Settings) -> Overview:
    try:
        return overview(connect(settings.redis_url), settings.partitions)
    except (RedisError, OSError) as error:
        raise _no_redis(settings, error) from None


def _no_redis(settings: Settings, error: Exception) -> click.ClickException:
    return click.ClickException(of_redis(settings, what_failed(error)))


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
