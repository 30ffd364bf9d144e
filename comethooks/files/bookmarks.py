"""Bookmarks: redacted samples of events that were kept, each a file of JSON with a name."""

import contextlib
import os
import re
from pathlib import Path

from comethooks import schemas
from comethooks.samples.moving import moved
from comethooks.workers.texts import dumps

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class TakenError(Exception):
    """There is a bookmark of that name."""


def is_name(text: str) -> bool:
    """Whether a bookmark may be called so: it is the name of a file and an argument of commands."""
    return _NAME.fullmatch(text) is not None


def bookmarks(folder: Path) -> dict[str, Path]:
    """The files of the bookmarks in `folder`, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.json")) if is_name(path.stem)}


def keep(folder: Path, name: str, body: bytes) -> Path:
    """Make the bookmark, which only its owner can read. Raises `TakenError`, and `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise TakenError(name) from None
    with open(descriptor, "wb") as file:
        file.write(body)
    return path


def bookmarked(path: Path, now: int) -> bytes:
    """The body in the file of a bookmark, with its times moved so that it happens at `now` (ms).

    So it repeats nothing that came before. Without a time, or when somebody has made it into what
    the schemas refuse, it is as it stands.
    """
    raw = path.read_bytes()
    try:
        body = schemas.decode(raw)
        occurred_at = schemas.parse(body, raw).occurred_at
    except schemas.SchemaError:
        return raw
    return raw if occurred_at is None else dumps(moved(body, now - occurred_at))


def trigger_in(path: Path) -> str | None:
    """What the bookmark is a sample of; None when that cannot be read."""
    with contextlib.suppress(OSError, schemas.NotJsonError):
        return schemas.trigger_of(schemas.decode(path.read_bytes()))
    return None
