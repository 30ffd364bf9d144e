"""Text of strangers, fit to be shown: without secrets, and with nothing that a terminal obeys."""

import re
from typing import Any

from comethooks import schemas
from comethooks.schemas.masking import MASK

_JOINERS = "\u200c\u200d"
"""Not printable by Python's rules, but parts of emoji and of words."""

_SECRET = re.compile(
    r"""
    (?P<key> token | password | secret | (?: api | auth | private ) [_-]? key | authorization
        | signature )
    (?P<between> \\* ["']? \s* [:=] \s* )
    (?: (?: Basic | Bearer ) \s+ [^\s"',;&}\]]+
      | \\+ " .*? (?: \\+ " | $ )
      | " (?: [^"\\] | \\. )* "?
      | ' (?: [^'\\] | \\. )* '?
      | [\[{] [^\]}]* [\]}]?
      | [^\s"',;&}\]]+ )
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def plain(text: str) -> str:
    """`text` with control characters and lone surrogates escaped; line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" or each in _JOINERS else _escaped(each)
        for each in text
    )


def without_secrets(text: str) -> str:
    """`text` without what follows `authToken`, `password` and the like; in doubt more goes."""
    masked: str = schemas.masked(text)
    return _SECRET.sub(rf"\g<key>\g<between>{MASK}", masked)


def payload(body: bytes) -> Any:
    """A body without its secrets: decoded, or as text if it is not JSON."""
    try:
        return schemas.masked(schemas.decode(body))
    except schemas.NotJsonError:
        return without_secrets(body.decode("utf-8", "replace"))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
