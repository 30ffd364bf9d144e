"""`comethooks restore`: a deployment from what `comethooks backup` has written."""

from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click
from redis.exceptions import RedisError

from comethooks.backup.restoring import Part, Restored, Restoring
from comethooks.backup.waiting import in_redis, in_spool
from comethooks.cli import read_settings
from comethooks.cli.backup.telling import failures_told, steps, waiting_told
from comethooks.cli.services.data_directory import is_without_server, only_one, server_meanwhile
from comethooks.cli.services.parts import make_files_private
from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import of_redis
from comethooks.workers.settings.settings import Settings, SettingsError
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.owner import ADVICE, OTHERS, owner_of
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.texts import agreeing, number_of


@click.command(
    epilog=options.examples(
        "comethooks restore comethooks-monday.tar.gz --yes",
        "comethooks restore --only journal comethooks-monday.tar.gz",
    )
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--only",
    type=click.Choice([part.value for part in Part]),
    help="The journal alone, into a data directory where the rest is there; or the rest.",
)
@yes_option
@options.as_json
def restore(file: Path, only: str | None, yes: bool, as_json: bool) -> None:
    """Put what is in a backup into an empty data directory.

    And into an empty database. Nothing is touched when something is there already, or when FILE is
    damaged, is of a newer version or is no backup. When a restore is killed, no command runs
    anything until it was run again. After it, workers do what was due when the backup was made,
    also what was done since then.
    """
    try:
        settings = read_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    require_answer("restore it", yes=yes)
    make_files_private()
    part = None if only is None else Part(only)
    with failures_told(f"{file} was not restored"), ExitStack() as stack:
        if settings.data_dir.exists():
            stack.enter_context(only_one(settings.data_dir))
        begin = stack.enter_context(steps())
        restoring = Restoring(settings, file, part, begin)
        contents = restoring.check()
        made_at = contents.manifest.made_at
        ask(f"Restore what was kept at {made_at} into {settings.data_dir}?", yes=yes)
        restored = restoring.restore(contents)
    _tell(settings, restored, part)
    redis = _redis(settings, restored)
    if as_json:
        print_json(
            {
                **restored.manifest.document(),
                "files": restored.files,
                "kept": [str(path) for path in restored.kept],
                "to_set": restored.to_set,
                **redis,
            }
        )


def _tell(settings: Settings, restored: Restored, part: Part | None) -> None:
    what = {
        None: f"the journal and {number_of(restored.files, 'file')}",
        Part.JOURNAL: "the journal",
        Part.FILES: number_of(restored.files, "file"),
    }[part]
    hint(f"Restored {what} as of {restored.manifest.made_at} into {settings.data_dir}.")
    for path in restored.kept:
        hint(f"{path} was there already, and was left as it is.")
    for setting in restored.to_set:
        hint(f"To use it, set {setting}")
    if left := waiting_told(restored.manifest.waiting):
        hint(f"Not in it, as it was accepted then and was not in the journal: {left}.")


def _redis(settings: Settings, restored: Restored) -> Mapping[str, Any]:
    """What Redis holds, told and as a document; and what the spool does, which is on its way
    there.
    """
    if spooled := in_spool(settings):
        hint(
            f"The spool of this host holds {number_of(spooled, 'request')}: comethooks spool status"
        )
    if is_without_server(settings):
        return {"redis_holds": 0, "redis_is_of": None}
    try:
        with server_meanwhile(settings), closing(connect(settings.redis_url)) as client:
            count, owner = in_redis(client, settings.partitions), owner_of(client)
    except (RedisError, OSError) as error:
        hint(f"Warning: what Redis holds is not known: {of_redis(settings, what_failed(error))}")
        return {"redis_holds": None, "redis_is_of": None}
    if count:
        hint(
            f"Redis still holds {number_of(count, 'request')}, which"
            f" {agreeing(count, 'is', 'are')} journalled once workers run."
        )
    ours = owner in (None, restored.manifest.journal.id)
    if not ours:
        hint(f"Warning: {OTHERS}; {ADVICE}")
    return {"redis_holds": count, "redis_is_of": owner}
