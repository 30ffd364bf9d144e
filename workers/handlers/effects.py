"""Effects: what a run does to the outside through its context, in a line each.

Live ones tell what was done and what came of it; those of a dry run tell what would have been done.
Only those of a dry run hold what would be sent: nothing was done that could be looked at elsewhere.
What is known to be a secret, or looks like one, is `***`: of an address its user, the values of its
query and the random parts of its path; in what would be sent whatever stands under a key such as
`password`; and everywhere the plugin's own secrets.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from comethooks.schemas import masked
from comethooks.schemas.masking import MASK, SECRET_NAMES
from comethooks.workers.plugins.config import Config
from comethooks.workers.texts import cut, scrub, without

MOST = 50
"""How many lines are kept of a run. The first ones tell of a loop that calls out a thousand
times."""
LONGEST = 500
"""Characters of a line."""
_SECRET_NAME = re.compile(rf"(?:{'|'.join(SECRET_NAMES)})s?$")
_WORD = re.compile(
    r"[a-z]{1,19}[0-9]{0,3}|[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[A-Z]?|[A-Z]{1,5}|[0-9]{1,20}"
)
"""What is harmless in a path: words, also with a number behind, in camelCase, abbreviations,
numeric ids."""
_LONGEST_WORD = 24


class Effects:
    """The effects of one run, in their order, without the secrets among the plugin's settings."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lines: list[str] = []
        self._left_out = 0

    def add(self, line: str) -> None:
        """Note one more."""
        if len(self._lines) >= MOST:
            self._left_out += 1
            return
        shown = without(masked(line), _secrets_of(self._config))
        # Half of a surrogate pair would end the drainer that writes the mark of the run.
        self._lines.append(scrub(cut(shown, LONGEST)))

    @property
    def lines(self) -> tuple[str, ...]:
        """What was noted; the last line says how many are left out."""
        more = (f"… and {self._left_out} more",) if self._left_out else ()
        return (*self._lines, *more)


def preview(value: Any) -> str:
    """What would be sent, as JSON without its secrets; empty when it is nothing."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return f" {masked(f'&{value}')[1:]}"  # a form has no ? before its first field
    return f" {json.dumps(masked(value), ensure_ascii=False, default=str)}"


def address(url: str) -> str:
    """`url` as it may be shown: its scheme, host and port, the words of its path, and the names in
    its query.
    """
    parts = urlsplit(url)
    path = "/".join(
        MASK if _looks_random(unquote(segment)) else segment for segment in parts.path.split("/")
    )
    query = (
        "&".join(_without_value(parameter) for parameter in parts.query.split("&"))
        if parts.query
        else ""
    )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}{'?' if query else ''}{query}"


def _without_value(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}={MASK}" if equals and not _looks_random(unquote(name)) else MASK


def _looks_random(segment: str) -> bool:
    """Whether a part of a path may be a token: it is long, or a mixture of letters and digits."""
    pieces = re.findall(r"[A-Za-z0-9]+", segment)
    return any(len(piece) > _LONGEST_WORD or not _WORD.fullmatch(piece) for piece in pieces)


def _secrets_of(config: Config) -> Iterator[str]:
    """The values of settings whose names are those of secrets, in all forms that they take in a
    line: plain, in an address, in JSON.
    """
    for name in dir(config):
        if _SECRET_NAME.search(name):
            for text in _texts(getattr(config, name)):
                yield from (text, quote(text), quote(text, safe=""), json.dumps(text)[1:-1])
                yield json.dumps(text, ensure_ascii=False)[1:-1]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple | set):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
