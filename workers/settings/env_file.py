"""The file `.env` in the current folder: settings that are written down instead of exported."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

ENV_FILE = Path(".env")
SETTLED = "_COMETHOOKS_SETTLED"
"""Set for the processes that `comethooks up` starts. They take the environment as it is: a file
that was changed since would give each part, and each that comes back, settings of its own."""

FROM_ENV_FILE = "_COMETHOOKS_FROM_ENV_FILE"
"""Names the variables that were added to the environment from the file, with commas."""


class EnvFileError(Exception):
    """There is a `.env` that cannot be read."""


def read_env_file(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What the file adds to `environ`, and a line for each of its lines that is left out.

    A setting that `environ` has is not added, in whichever of its forms, `NAME` or `NAME_FILE`.
    Values are taken as they stand: `${…}` may be part of a password. Raises `EnvFileError`.
    """
    if not ENV_FILE.is_file() or SETTLED in environ:  # a folder of this name is nothing unusual
        return {}, []
    try:
        text = ENV_FILE.read_text("utf-8-sig")
    except OSError as error:
        raise EnvFileError(f"{ENV_FILE} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise EnvFileError(f"{ENV_FILE} is no text in UTF-8") from None
    if "\0" in text:
        raise EnvFileError(f"{ENV_FILE} holds a NUL byte, which no environment can")
    added, remarks = {}, []
    for line in parse_stream(StringIO(text)):
        if line.error:
            remarks.append(
                f"line {line.original.line} of {ENV_FILE} is not NAME=value, and is left out"
            )
        elif line.key and line.value is not None and not _is_given(line.key, environ):
            added[line.key] = line.value
    return added, remarks


def from_env_file(environ: Mapping[str, str]) -> set[str]:
    """The variables in `environ` that were added from the file."""
    return set(environ.get(FROM_ENV_FILE, "").split(",")) & environ.keys()


def _is_given(name: str, environ: Mapping[str, str]) -> bool:
    forms = {name, f"{name}_FILE", name.removesuffix("_FILE")}
    return not forms.isdisjoint(environ)
