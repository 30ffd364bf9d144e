"""`comethooks events export`: events as JSON lines, to be kept elsewhere or imported again."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import click
from redis.exceptions import RedisError

from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import open_stores
from comethooks.files.about_users import is_in
from comethooks.files.json_lines import json_line, redacted_json_line
from comethooks.workers.settings.paths import new_file
from comethooks.workers.texts import dumps, number_of

STDOUT = "-"


@click.command(
    epilog=options.examples(
        "comethooks events export --output events.jsonl",
        "comethooks events export --trigger message_sent --since 7d --redact | gzip >"
        " week.jsonl.gz",
        "comethooks events export --user omar --include-mentions --output omar.jsonl",
    )
)
@filters.about
@filters.status
@filters.decision
@filters.within
@click.option(
    "--output",
    default=STDOUT,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write to this file, which only you may read; without it, or with -, to standard output.",
)
@click.option("--redact", is_flag=True, help="Mask secrets and personal data.")
@click.option(
    "--include-mentions",
    is_flag=True,
    help="With --user: also events of others that the user is in, wherever.",
)
def export(output: str, redact: bool, include_mentions: bool, **about: Any) -> None:
    """Write events as JSON lines, the oldest first.

    A line has what is known of an event and its body as it came. `events import` reads such lines.
    With --user and --include-mentions that is everything that is kept about a person.
    """
    asked = filters.asked(**about)
    if include_mentions and asked.sender is None:
        raise click.UsageError("--include-mentions is about a user; name one with --user")
    user = asked.sender if include_mentions else None
    if user is not None:
        asked = replace(asked, sender=None)
    if not redact:
        hint("Warning: this holds secrets and personal data as they came; --redact masks them.")
    write = redacted_json_line if redact else json_line
    # A terminal that the lines go to shows them, and nothing in between.
    shown = progress(None, "exported", quiet=output == STDOUT and sys.stdout.isatty())
    count = 0
    with open_stores() as stores, _opened(output) as file, shown as advance:
        try:
            events = stores.kept.whole_events(asked)
            for event in events if user is None else filter(is_in(user), events):
                file.write(dumps(write(event)) + b"\n")
                advance()
                count += 1
        except RedisError as error:
            raise click.ClickException(
                f"Redis went away ({type(error).__name__}), and with it events that wait there;"
                f" {count} were written"
            ) from None
    hint(f"Exported {number_of(count, 'event')}.")


@contextmanager
def _opened(output: str) -> Iterator[IO[bytes]]:
    """Where to write to. A file appears under its name once all of it is written."""
    if output == STDOUT:
        yield sys.stdout.buffer
        return
    path = Path(os.path.realpath(output))
    try:
        with _opening(path) as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None


def _opening(path: Path) -> AbstractContextManager[IO[bytes]]:
    # A device or a pipe must not make way for a file.
    return path.open("wb") if path.exists() and not path.is_file() else new_file(path, os.replace)
