"""Text as it is printed and kept: JSON, counted things, near names, no secrets, not too long, and
nothing that a terminal obeys.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import orjson

from comethooks.schemas.masking import MASK, SECRET_ENDINGS, masked

_JOINERS = "\u200c\u200d"
"""Not printable by Python's rules, but parts of emoji and of words."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SECRET_KEYS = "|".join(re.sub("key$", "[_-]?key", ending) for ending in SECRET_ENDINGS)
_SECRET = re.compile(
    rf"""
    (?P<key> {_SECRET_KEYS} )
    (?P<between> \\* ["']? \s* [:=] \s* )
    (?: (?: Basic | Bearer ) \s+ [^\s"',;&}}\]]+
      | \\+ " .*? (?: \\+ " | $ )
      | " (?: [^"\\] | \\. )* "?
      | ' (?: [^'\\] | \\. )* '?
      | [\[{{] [^\]}}]* [\]}}]?
      | [^\s"',;&}}\]]+ )
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def dumps(document: Any, *, scrubs: bool = False) -> bytes:
    """JSON, also of what orjson refuses: a lone surrogate that a body named, a number that is too
    large. With `scrubs` no lone surrogate is left, and what JSON does not know becomes a string.
    Numbers that JSON does not know, such as NaN, become null.
    """
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        known = _finite(document)
        if scrubs:
            return scrub(json.dumps(known, ensure_ascii=False, default=_known)).encode()
        return json.dumps(known).encode("ascii")


def _known(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def plain(text: str, kept: str = "\n\t") -> str:
    """`text` with control characters and lone surrogates escaped, but for those that are `kept`:
    line ends and tabs.
    """
    if text.isprintable():
        return text
    return "".join(each if is_plain(each) or each in kept else _escaped(each) for each in text)


def is_plain(character: str) -> bool:
    """Whether a terminal shows it, and does not obey it."""
    return character.isprintable() or character in _JOINERS


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def scrub(text: str) -> str:
    """`text` without what a text column of SQL or JSON output refuses: NUL and lone surrogates, as
    U+FFFD.
    """
    # Nearly all text is such, and an expression takes five times as long to find that out.
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def scrubbed(document: Any) -> Any:
    """A copy of what JSON is made of, in which every text is scrubbed, keys as well."""
    if isinstance(document, str):
        return scrub(document)
    if isinstance(document, dict):
        return {scrubbed(key): scrubbed(item) for key, item in document.items()}
    return [scrubbed(item) for item in document] if isinstance(document, list | tuple) else document


def number_of(count: float, one: str, many: str | None = None) -> str:
    """A number of things: `1 run`, `2 runs`; `many` is for words that take more than an s."""
    shown = f"{count:g}" if isinstance(count, float) else count
    return f"{shown} {agreeing(count, one, many)}"


def agreeing(count: float, one: str, many: str | None = None) -> str:
    """The word that goes with a number of things, for where it stands apart: `is`, `are`."""
    return one if count == 1 else many or f"{one}s"


def near(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Those of `known` that somebody may have meant who wrote `name`, the nearest first."""
    return get_close_matches(name, list(dict.fromkeys(known)), n=most)


def meant(name: str, known: Iterable[str], most: int = 3) -> str:
    """The question whether somebody who wrote `name` meant one of `known`: `did you mean a or b?`;
    empty when none is near.
    """
    close = near(name, known, most)
    return f"did you mean {' or '.join(close)}?" if close else ""


def few(names: Sequence[str], most: int) -> str:
    """The first `most` of some names, and how many are left: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def cut(text: str, length: int) -> str:
    """The first `length` characters of a text; the last of them is `…` when there are more."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def end_of(text: str, length: int) -> str:
    """The last `length` characters of a text; the first of them is `…` when there are more."""
    return text if len(text) <= length else f"…{text[1 - length :]}"


def without(text: str, secrets: Iterable[str], *, shortest: int = 4) -> str:
    """`text` with `***` for each of `secrets` that has `shortest` characters or more: in place of
    less, one would mask syllables.
    """
    # The longest first: one may be part of another, of which the rest would be left to read.
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= shortest:
            text = text.replace(secret, MASK)
    return text


def without_secrets(text: str) -> str:
    """`text` without what follows `authToken`, `password` and the like; in doubt more goes."""
    shown: str = masked(text)
    return _SECRET.sub(rf"\g<key>\g<between>{MASK}", shown)
