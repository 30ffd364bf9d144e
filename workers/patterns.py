"""Patterns: what a handler is registered for.

A pattern is a trigger, a canonical name, or either with `*` for any text. `source:pattern` means the events of
another source than CometChat, of which an unqualified pattern sees none.
"""

import re

from schemas import COMETCHAT


def is_pattern(value: object) -> bool:
    """Whether it can be a pattern at all."""
    return isinstance(value, str) and re.fullmatch(r"(?:[^\s:]+:)?[^\s:]+", value) is not None


def fits(pattern: str, trigger: str, name: str | None, source: str) -> bool:
    """Whether an event of `source` with this trigger and canonical name is what `pattern` means."""
    wanted, colon, text = pattern.partition(":")
    if not colon:
        wanted, text = COMETCHAT, pattern
    return wanted == source and (_fits(text, trigger) or (name is not None and _fits(text, name)))


def _fits(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return pattern == text
    return (
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
    )
