"""`comethooks events bookmark`: redacted samples of events that were kept, to send under a name."""

from pathlib import Path

import click

from comethooks import schemas
from comethooks.cli import load_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.found import find_event
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.stores import open_stores
from comethooks.files.bookmarks import TakenError, bookmarks, is_name, keep, trigger_in
from comethooks.schemas import COMETCHAT, TRIGGERS
from comethooks.workers.journal import StoredEvent
from comethooks.workers.settings.paths import bookmark_dir
from comethooks.workers.texts import dumps

_TAKEN = frozenset(("story", *TRIGGERS))
"""What `comethooks send` knows already."""


@click.command(
    epilog=options.examples(
        "comethooks events bookmark 0199f2a4-7c1e long-text",
        "comethooks send long-text",
        "comethooks events bookmark --list",
        "comethooks events bookmark --remove long-text",
    )
)
@click.argument("identifier", metavar="[ID", type=Identifier(), required=False)
@click.argument("name", metavar="NAME]", required=False)
@click.option("--list", "only_list", is_flag=True, help="List the bookmarks that there are.")
@click.option("--remove", metavar="NAME", help="Remove the bookmark of this name.")
@options.as_json
def bookmark(
    identifier: str | None, name: str | None, only_list: bool, remove: str | None, as_json: bool
) -> None:
    """Keep a redacted sample of an event, for `comethooks send NAME`.

    The sample has ids, kinds, times and counts. It has no secrets, and nothing personal: no texts,
    names or pictures. It is a file in the data directory, and stays when retention deletes the
    event.
    """
    ways = [name is not None, only_list, remove is not None]
    if sum(ways) != 1 or (name is None and identifier is not None):
        raise click.UsageError(
            "give the ID of an event and a NAME for it, or --list, or --remove NAME"
        )
    folder = bookmark_dir(load_settings().data_dir)
    if only_list:
        _list(folder, as_json=as_json)
    elif remove is not None:
        _remove(folder, remove)
    elif identifier is not None and name is not None:
        _add(folder, identifier, name, as_json=as_json)


def _add(folder: Path, identifier: str, name: str, *, as_json: bool) -> None:
    _check_name(name)
    with open_stores() as stores:
        event = find_event(stores, identifier)
    body = _redacted(event)
    try:
        path = keep(folder, name, body)
    except TakenError:
        raise click.ClickException(
            f"there is a bookmark {name} already; remove it with: comethooks events bookmark"
            f" --remove {name}"
        ) from None
    if as_json:
        print_json(
            {"name": name, "trigger": event.trigger, "event_id": event.id, "path": str(path)}
        )
    else:
        hint(f"Kept as {path}. To send it: comethooks send {name}")


def _check_name(name: str) -> None:
    if not is_name(name):
        problem = f"{name!r} is no name: write up to 64 lower-case letters, digits, - and _"
    elif name in _TAKEN:
        problem = f"`comethooks send {name}` sends a made-up one; choose another name"
    else:
        return
    raise click.BadParameter(problem, param_hint="'NAME'")


def _redacted(event: StoredEvent) -> bytes:
    """The sample of an event; the command ends if there cannot be one."""
    if event.source != COMETCHAT:
        raise click.ClickException(
            f"{event.id} came from {event.source}; only CometChat's events can be sent"
        )
    if event.body is None:
        raise click.ClickException(f"the body of {event.id} is not kept any more")
    body = dumps(schemas.redacted(schemas.decode(event.body)))
    try:
        schemas.parse(schemas.decode(body), body)
    except schemas.SchemaError as error:
        raise click.ClickException(
            f"without what is redacted, the schemas refuse the body: {error}"
        ) from None
    return body


def _list(folder: Path, *, as_json: bool) -> None:
    found = [(name, trigger_in(path), path) for name, path in bookmarks(folder).items()]
    if as_json:
        for name, trigger, path in found:
            print_json({"name": name, "trigger": trigger, "path": str(path)})
    elif found:
        rows: list[tuple[Cell, ...]] = [
            (name, trigger or "", str(path)) for name, trigger, path in found
        ]
        print_table((Column("NAME"), Column("TRIGGER"), Column("FILE", spare=1)), rows)
    else:
        hint("No bookmarks. To keep one: comethooks events bookmark ID NAME")


def _remove(folder: Path, name: str) -> None:
    path = bookmarks(folder).get(name)
    if path is None:
        raise click.ClickException(
            f"there is no bookmark {name!r}; see: comethooks events bookmark --list"
        )
    path.unlink()
    hint(f"Removed {path}.")
