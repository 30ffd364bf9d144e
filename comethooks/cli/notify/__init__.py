"""`comethooks notify`: what the file of the plugin `notify` would tell."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import indented, print_text
from comethooks.cli.terminal.found import find_event
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.notify.notify_file import NotifyFileError, read_notify_file
from comethooks.workers.notify.previews import Preview, previews
from comethooks.workers.notify.rules import NotifyFile
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.texts import number_of, plain


@click.group()
def notify() -> None:
    """Show what others are told of events."""


@notify.command(
    epilog=options.examples(
        "comethooks notify preview --event 0199f2a4",
        "COMETHOOKS_NOTIFY_FILE=draft.toml comethooks notify preview --event 0199f2a4 --json",
    )
)
@click.option(
    "--event", "identifier", required=True, metavar="ID", type=Identifier(), help="Of which event."
)
@options.as_json
def preview(identifier: str, as_json: bool) -> None:
    """Say what would be told of an event, and to whom, or why not.

    It goes by COMETHOOKS_NOTIFY_FILE as it is now, and sends nothing. It fails when the file cannot
    be used, or a text cannot be filled in.
    """
    with open_stores() as stores:
        path, file = _file(stores.settings)
        event = find_event(stores, identifier)
        if not event.record.body:
            raise click.ClickException(f"the body of {event.id} is not kept any more")
        now = now_ms()
        taken = {
            (each.handler, each.key): each.state for each in stores.journal.once_of(event.id, now)
        }
        found = [*previews(file, path, event.record, taken=taken, keys=stores.journal, now=now)]
    if as_json:
        for each in found:
            print_json({**asdict(each), "sends": each.sends})
    else:
        _print(found)
    problems = sum(each.problem is not None for each in found)
    hint(f"{number_of(sum(each.sends for each in found), 'message')} would be sent.")
    if problems:
        raise click.exceptions.Exit(1)


def _file(settings: Settings) -> tuple[Path, NotifyFile]:
    path = settings.notify_file
    if path is None:
        raise click.ClickException(
            f"{NAMES['notify_file']} is not set: it names the file that says what is told to whom"
        )
    try:
        return path, read_notify_file(path)
    except NotifyFileError as error:
        raise click.ClickException(
            "\n".join((f"{path} cannot be used:", *(f"  {line}" for line in error.problems)))
        ) from None


def _print(found: Sequence[Preview]) -> None:
    for each in found:
        print_text(
            Text.assemble((each.handler, "bold"), plain(f" ({each.rule}) → {each.kind} {each.to}"))
        )
        if each.problem is not None:
            print_text(indented(f"it cannot be told: {each.problem}"))
        if each.reason is not None:
            print_text(indented(f"nothing is sent: {each.reason}"))
        elif each.text is not None:
            print_text(indented(each.text))
        if each.sends and each.id is not None:
            print_text(indented(f"webhook-id {each.id}; --json has the body"))
