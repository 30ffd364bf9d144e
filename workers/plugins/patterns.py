"""Patterns: what a handler is registered for.

A pattern is a trigger, a canonical name, or either with `*` for any text. `source:pattern` means
the events of another source than CometChat, of which an unqualified pattern sees none.
"""

import re

from comethooks.schemas import COMETCHAT, OURS


def is_pattern(value: object) -> bool:
    """Whether it can be a pattern at all."""
    return isinstance(value, str) and re.fullmatch(r"(?:[^\s:]+:)?[^\s:]+", value) is not None


def misfit(pattern: str, trigger: str, name: str | None, source: str) -> str | None:
    """Why an event of `source` with this trigger and canonical name is not what `pattern` means;
    None if it is.
    """
    wanted, colon, text = pattern.partition(":")
    if not colon:
        wanted, text = COMETCHAT, pattern
        if source == OURS and "*" not in text.partition(".")[0]:
            wanted = OURS  # events of plugins go to who names the plugin
    if wanted != source:
        return f'"{pattern}" means events of {wanted}, and this is one of {source}'
    if _fits(text, trigger) or (name is not None and _fits(text, name)):
        return None
    called = trigger if name in (None, trigger) else f"{trigger} or {name}"
    return f'"{pattern}" does not fit {called}'


def _fits(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return pattern == text
    return (
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL)
        is not None
    )
