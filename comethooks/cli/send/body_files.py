"""Bodies in a file, byte for byte: one a line, or one in all of it."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

import click

from comethooks import schemas
from comethooks.cli.send.changing import Changes


def bodies_in(file: IO[bytes], changes: Changes) -> tuple[Iterator[bytes], int | None]:
    """The bodies in a file, changed, and how many they are; None for the number of a pipe.

    When the first line is a JSON object there is a body in every line, whatever the others are: it
    is for the server to refuse them. Else the file is one body. Ends the command when nothing is in
    it.
    """
    total = _lines_in(file)
    lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
    first = next(lines, None)
    if first is None:
        raise click.ClickException(f"there is nothing to send in {_name(file)}")
    number, line = first
    if not _is_object(line):
        return iter([changes.made_in_bytes(line + file.read(), _name(file))]), 1
    return _changed(chain([(number, line)], lines), _name(file), changes), total


def _changed(lines: Iterable[tuple[int, bytes]], name: str, changes: Changes) -> Iterator[bytes]:
    for number, line in lines:
        yield changes.made_in_bytes(line.rstrip(b"\r\n"), f"line {number} of {name}")


def _name(file: IO[bytes]) -> str:
    name = getattr(file, "name", "<stdin>")
    return "standard input" if name == "<stdin>" else str(name)


def _lines_in(file: IO[bytes]) -> int | None:
    """How many lines are not empty; None for a pipe, which can be read only once."""
    if not file.seekable():
        return None
    here = file.tell()
    count = sum(1 for line in file if line.strip())
    file.seek(here)
    return count


def _is_object(line: bytes) -> bool:
    try:
        schemas.decode(line)
    except schemas.NotJsonError:
        return False
    return True
