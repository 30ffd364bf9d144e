"""`comethooks events bookmark`: redacted samples of events that were kept, to send again under a name."""

import contextlib
import os
import re
from pathlib import Path

import click

import schemas
from schemas import COMETCHAT, TRIGGERS
from webhooks import samples
from webhooks.cli import filters, load_settings, options
from webhooks.cli.output import Cell, Column, hint, print_json, print_table
from webhooks.cli.sources import open_sources
from webhooks.problems import dumps
from webhooks.samples.moving import moved
from workers.journal import StoredEvent
from workers.paths import bookmark_dir

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TAKEN = frozenset(("story", *TRIGGERS, *samples.CURRENT, *samples.LEGACY, *samples.BOTS))
"""What `comethooks send` knows already."""


@click.command(
    epilog=options.examples(
        "comethooks events bookmark 0199f2a4-7c1e long-text",
        "comethooks send long-text",
        "comethooks events bookmark --list",
        "comethooks events bookmark --remove long-text",
    )
)
@click.argument("identifier", metavar="[ID", type=filters.Identifier(), required=False)
@click.argument("name", metavar="NAME]", required=False)
@click.option("--list", "only_list", is_flag=True, help="List the bookmarks that there are.")
@click.option("--remove", metavar="NAME", help="Remove the bookmark of this name.")
@options.as_json
def bookmark(
    identifier: str | None, name: str | None, only_list: bool, remove: str | None, as_json: bool
) -> None:
    """Keep a redacted sample of an event under a name, for `comethooks send NAME`.

    The sample has ids, kinds, times and counts, and neither secrets nor what is about a person: texts, names,
    pictures. It is a file in the data directory, and stays when retention deletes the event.
    """
    ways = [name is not None, only_list, remove is not None]
    if sum(ways) != 1 or (name is None and identifier is not None):
        raise click.UsageError("give the ID of an event and a NAME for it, or --list, or --remove NAME")
    folder = bookmark_dir(load_settings().data_dir)
    if only_list:
        _list(folder, as_json=as_json)
    elif remove is not None:
        _remove(folder, remove)
    elif identifier is not None and name is not None:
        _add(folder, identifier, name, as_json=as_json)


def bookmarks(folder: Path) -> dict[str, Path]:
    """The files of the bookmarks in `folder`, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.json")) if _NAME.fullmatch(path.stem)}


def bookmarked(path: Path, now: int) -> bytes:
    """The body in the file of a bookmark, with its times moved so that it happens at `now` (ms).

    So it repeats nothing that came before. Without a time, or when somebody has made it into what the schemas refuse,
    it is as it stands.
    """
    raw = path.read_bytes()
    try:
        body = schemas.decode(raw)
        occurred_at = schemas.parse(body, raw).occurred_at
    except schemas.SchemaError:
        return raw
    return raw if occurred_at is None else dumps(moved(body, now - occurred_at))


def _add(folder: Path, identifier: str, name: str, *, as_json: bool) -> None:
    from webhooks.cli.events import find_event  # which has this command

    _check_name(name)
    with open_sources() as sources:
        event = find_event(sources, identifier)
    body = _redacted(event)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(
            f"there is a bookmark {name} already; remove it with: comethooks events bookmark --remove {name}"
        ) from None
    with open(descriptor, "wb") as file:
        file.write(body)
    if as_json:
        print_json({"name": name, "trigger": event.trigger, "event_id": event.id, "path": str(path)})
    else:
        hint(f"Kept as {path}. To send it: comethooks send {name}")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        problem = f"{name!r} is no name: write up to 64 lower-case letters, digits, - and _"
    elif name in _TAKEN:
        problem = f"`comethooks send {name}` sends a made-up one; choose another name"
    else:
        return
    raise click.BadParameter(problem, param_hint="'NAME'")


def _redacted(event: StoredEvent) -> bytes:
    """The sample of an event; the end of the command when there can be none."""
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
    found = [(name, _trigger(path), path) for name, path in bookmarks(folder).items()]
    if as_json:
        for name, trigger, path in found:
            print_json({"name": name, "trigger": trigger, "path": str(path)})
    elif found:
        rows: list[tuple[Cell, ...]] = [(name, trigger or "", str(path)) for name, trigger, path in found]
        print_table((Column("NAME"), Column("TRIGGER"), Column("FILE", spare=1)), rows)
    else:
        hint("No bookmarks. To keep one: comethooks events bookmark ID NAME")


def _trigger(path: Path) -> str | None:
    with contextlib.suppress(OSError, schemas.NotJsonError):
        return schemas.trigger_of(schemas.decode(path.read_bytes()))
    return None


def _remove(folder: Path, name: str) -> None:
    path = bookmarks(folder).get(name)
    if path is None:
        raise click.ClickException(f"there is no bookmark {name!r}; see: comethooks events bookmark --list")
    path.unlink()
    hint(f"Removed {path}.")
