"""`comethooks backup`: everything that a deployment keeps, in one file."""

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import click
from redis.exceptions import RedisError
from rich.filesize import decimal

from comethooks.backup.making import Made, make_backup
from comethooks.backup.packing import packing_for
from comethooks.backup.waiting import drain, drain_spool, in_redis, in_spool
from comethooks.cli import load_settings
from comethooks.cli.backup.telling import failures_told, steps, waiting_told
from comethooks.cli.services.data_directory import is_without_server, server_meanwhile
from comethooks.cli.services.parts import make_files_private
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import Duration
from comethooks.cli.terminal.stores import of_redis, open_redis
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.overview import overview
from comethooks.workers.streams.refusals import what_failed

_TELL_EVERY = 10


@click.command(
    epilog=options.examples(
        "comethooks backup /var/backups/comethooks-monday.tar.gz",
        "comethooks backup --drain comethooks.tar.zst",
    )
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--drain",
    "drains",
    is_flag=True,
    help="First wait until what was accepted so far is in the journal.",
)
@click.option(
    "--drain-limit",
    type=Duration(),
    default="5m",
    show_default=True,
    help="How long to wait for that; then no backup is made.",
)
@options.as_json
def backup(file: Path, drains: bool, drain_limit: float, as_json: bool) -> None:
    """Write everything that is kept to one file.

    FILE is a .tar.gz or .tar.zst that only you may read. It has the journal as it is at one moment,
    the credentials and keys that `up` made, the plugin folder, bookmarks, the files of rules and
    the settings: secrets and personal data. Everything may run meanwhile. What was accepted and is
    not in the journal yet is left out, and told; --drain waits for it. A file of that name is
    replaced once the new one is whole.
    """
    settings = load_settings()
    make_files_private()
    target = Path(os.path.realpath(file))
    with failures_told(f"{file} cannot be written"):
        packing_for(target)
        if drains:
            _drain(settings, drain_limit)
        with steps() as begin:
            made = make_backup(settings, target, lambda: _waiting(settings), begin)
    for path in made.left_out:
        hint(f"Left out: {path}, which cannot be read, or is no ordinary file.")
    _tell(file, made, as_json=as_json)


def _tell(file: Path, made: Made, *, as_json: bool) -> None:
    manifest = made.manifest
    if left := waiting_told(manifest.waiting):
        hint(f"Not in it, as it was accepted and is not in the journal yet: {left}.")
    if as_json:
        document = {**manifest.document(), "file": str(file), "bytes": made.size}
        print_json({**document, "left_out": [str(path) for path in made.left_out]})
    else:
        hint(f"{file} has everything as it was at {manifest.made_at} ({decimal(made.size)}).")


def _waiting(settings: Settings) -> Mapping[str, int | None]:
    """What is accepted and not journalled, by where it is; what cannot be asked is None."""
    if is_without_server(settings):
        return {"redis": 0, "spool": in_spool(settings)}
    try:
        with server_meanwhile(settings), closing(connect(settings.redis_url)) as client:
            return {"redis": in_redis(client, settings.partitions), "spool": in_spool(settings)}
    except (RedisError, OSError) as error:
        hint(f"Warning: {of_redis(settings, what_failed(error))}")
        return {"redis": None, "spool": in_spool(settings)}


def _drain(settings: Settings, seconds: float) -> None:
    if is_without_server(settings) and not in_spool(settings):
        return
    with server_meanwhile(settings), open_redis(settings) as client:
        seconds = drain_spool(settings, seconds=seconds, tell=_telling("the spool"))
        drain(
            client,
            settings.partitions,
            seconds=seconds,
            tell=_telling("Redis"),
            is_worked_on=lambda: overview(client, settings.partitions).drainers > 0,
        )


def _telling(place: str) -> Callable[[int], None]:
    """Says now and then how much is left in a place."""
    looks = 0

    def tell(left: int) -> None:
        nonlocal looks
        if looks % _TELL_EVERY == 0:
            hint(f"waiting for what is in {place}; {left} left")
        looks += 1

    return tell
