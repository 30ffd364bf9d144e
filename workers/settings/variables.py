"""Environment variables: each is `NAME`, or `NAME_FILE` with the path of a file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_QUOTED = re.compile(r"""(["']).*\1""", re.DOTALL).fullmatch


def read_variables(
    environ: Mapping[str, str], names: Iterable[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The values of those of `names` that are set, itself or as a file, and the problems. Both are
    by name; a problem is a line that says what to do.

    Values are stripped. An empty value counts as unset, an empty file as a problem, and so do
    quotes around a value: what reads an env file as `docker run --env-file` does leaves them there.
    """
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in names:
        text, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
        quoted = [form for form, value in ((name, text), (f"{name}_FILE", file)) if _QUOTED(value)]
        if quoted:
            problems[name] = f"{quoted[0]}: its value stands in quotes; write it without them"
        elif text and file:
            problems[name] = f"{name} and {name}_FILE are both set: unset one of them"
        elif text:
            texts[name] = text
        elif file:
            try:
                texts[name] = _content(file)
            except ValueError as error:
                # The path is not quoted: it may be the secret itself, in the wrong variable.
                problems[name] = f"{name}_FILE: {error}"
    return texts, problems


def _content(file: str) -> str:
    try:
        content = Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise ValueError("that is no text file") from None
    if not content:
        raise ValueError("the file is empty")
    return content
