"""Text of strangers, fit to be shown: without secrets, and with nothing that a terminal obeys."""

from typing import Any

from comethooks import schemas
from comethooks.workers.texts import without_secrets

_JOINERS = "\u200c\u200d"
"""Not printable by Python's rules, but parts of emoji and of words."""


def plain(text: str) -> str:
    """`text` with control characters and lone surrogates escaped; line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" or each in _JOINERS else _escaped(each)
        for each in text
    )


def payload(body: bytes) -> Any:
    """A body without its secrets: decoded, or as text if it is not JSON."""
    try:
        return schemas.masked(schemas.decode(body))
    except schemas.NotJsonError:
        return without_secrets(body.decode("utf-8", "replace"))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
