"""Reading a file in TOML, and all that is wrong with it at once."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from comethooks.schemas.loading import by_path
from comethooks.workers.plugins.plugin_errors import LoadableError

MOST_BYTES = 1_000_000
"""What a file may have."""

Problem = tuple[str, str]
"""A path in the file, and what is wrong there; no path when it is about the file."""


class PluginFileError(LoadableError):
    """A file that cannot be used. `found` is what is wrong, each with its path, and `problems` has
    a line for each.
    """

    def __init__(self, found: Iterable[Problem]) -> None:
        self.found = tuple(found)
        self.problems = tuple(f"{where}: {said}" if where else said for where, said in self.found)
        super().__init__("; ".join(self.problems))


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """The text of a file in UTF-8. Raises `PluginFileError`."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise PluginFileError([("", f"it has more than {most_bytes // 1_000_000} MB")])
        return data.decode()
    except OSError as error:
        raise PluginFileError([("", f"it cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise PluginFileError([("", f"it is no UTF-8 (byte {error.start})")]) from None


def decoded(text: str) -> Mapping[str, Any]:
    """The document that a text is. Raises `PluginFileError`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # "from None": it carries the text.
        raise PluginFileError([("", f"it is no TOML: {error}")]) from None


def tables(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The tables of an array, with an empty one for what is none."""
    found = document.get(key)
    if not isinstance(found, list):
        return []
    return [each if isinstance(each, Mapping) else {} for each in found]


def lines_of(text: str, key: str) -> list[int]:
    """The numbers of the lines at which the tables of an array begin, as far as it is written as
    `[[key]]`.
    """
    header = re.compile(rf"\s*\[\[\s*{key}\s*\]\]")
    return [number for number, line in enumerate(text.splitlines(), 1) if header.match(line)]


def texts_of(value: object) -> list[str]:
    """The texts of a list, or the one text that a value is."""
    found = [value] if isinstance(value, str) else value
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def load(schema: Schema, document: Mapping[str, Any], more: Iterable[Problem] = ()) -> Any:
    """What a schema loads of a document. Raises `PluginFileError`, also for what is wrong `more`,
    so that whoever mends a file sees everything at once.
    """
    problems: list[Problem] = []
    loaded: Any = None
    try:
        loaded = schema.load(document)
    except ValidationError as error:
        problems += _problems(error)
    problems += more
    if problems:
        raise PluginFileError(problems)
    return loaded


def _problems(error: ValidationError) -> Iterator[Problem]:
    for where, several in by_path(error.messages_dict).items():
        # What is wrong with a value of a mapping stands below "value".
        path = where.removesuffix(".value")
        yield from ((path, said) for said in several)
