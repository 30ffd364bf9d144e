"""Patterns: what a handler is registered for.

A pattern is a trigger, a canonical name, or either with `*` for any text. `source:pattern` means
the events of another source than CometChat, of which an unqualified pattern sees none.
"""

import difflib
import re
from collections.abc import Set as AbstractSet

from comethooks.schemas import COMETCHAT, OURS, TRIGGERS


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


def unknown(pattern: str, plugins: AbstractSet[str]) -> str | None:
    """That no known trigger fits `pattern`, nor an event of one of `plugins`; None if one does.

    It may be right all the same: CometChat adds triggers.
    """
    known = {*TRIGGERS, *(trigger.canonical for trigger in TRIGGERS.values() if trigger.canonical)}
    name, dot, _ = pattern.partition(".")
    if "*" in pattern or ":" in pattern or pattern in known or (dot and name in plugins):
        return None
    near = difflib.get_close_matches(pattern, known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f'"{pattern}" is no trigger known to this version{hint}'


def _fits(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return pattern == text
    return (
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL)
        is not None
    )
