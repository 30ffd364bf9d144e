"""Patterns: what a handler is registered for, and what `--trigger` means.

A pattern is a trigger, a canonical name, or either with `*` for any text. `source:pattern` means
the events of another source than CometChat, of which an unqualified pattern sees none. Events that
plugins emit go to who names the plugin: `greeter.greeted` and `greeter.*` see them, `*` does not.
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, lru_cache

from comethooks.schemas import COMETCHAT, OURS, TRIGGERS
from comethooks.workers.texts import near

_NAMES = {
    entry.name: frozenset(filter(None, (entry.canonical, *entry.renamed.values())))
    for entry in TRIGGERS.values()
    if "*" not in entry.name
}
"""The canonical names that events of each trigger may have."""
KNOWN = sorted(frozenset(_NAMES).union(*_NAMES.values()))
"""All triggers and canonical names of CometChat's that this version knows."""


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read: its text behind the source, and the sources whose events it sees."""

    text: str
    sources: tuple[str, ...]

    @cached_property
    def expression(self) -> str | None:
        """It as a regular expression for Python and PostgreSQL; None when it has no `*`."""
        if "*" not in self.text:
            return None
        parts = ".*".join(re.escape(part) for part in self.text.split("*"))
        return rf"(?s)\A{parts}\Z"

    @property
    def glob(self) -> str:
        """It as SQLite's GLOB takes it, where `?` and `[` would stand for other text, too."""
        return re.sub(r"[?\[]", r"[\g<0>]", self.text)

    @cached_property
    def triggers(self) -> frozenset[str]:
        """The known triggers with a canonical name that it fits: for rows without such a name."""
        if COMETCHAT not in self.sources:
            return frozenset()
        return frozenset(name for name, also in _NAMES.items() if any(map(self.fits, also)))

    @property
    def is_trigger(self) -> bool:
        """Whether it is a known trigger, so that no canonical name has to be looked at."""
        return self.text in TRIGGERS

    @property
    def is_known(self) -> bool:
        """Whether it fits something known; of other sources than CometChat nothing is."""
        return COMETCHAT not in self.sources or any(map(self.fits, KNOWN))

    def among(self, triggers: Iterable[str]) -> tuple[str, ...]:
        """Those of CometChat's triggers whose events it means, in their order."""
        if COMETCHAT not in self.sources:
            return ()
        return tuple(each for each in triggers if self.fits(each) or each in self.triggers)

    def fits(self, text: str | None) -> bool:
        """Whether a trigger or a canonical name is what it means."""
        if text is None or self.expression is None:
            return text == self.text
        return re.match(self.expression, text) is not None


@lru_cache(maxsize=1024)
def pattern_of(written: str) -> Pattern:
    """The pattern that is written so."""
    source, colon, text = written.partition(":")
    if colon:
        return Pattern(text, (source,))
    names_a_plugin = "*" not in written.partition(".")[0]
    return Pattern(written, (COMETCHAT, OURS) if names_a_plugin else (COMETCHAT,))


def is_pattern(value: object) -> bool:
    """Whether it can be a pattern at all."""
    return isinstance(value, str) and re.fullmatch(r"(?:[^\s:]+:)?[^\s:]+", value) is not None


def misfit(written: str, trigger: str, name: str | None, source: str) -> str | None:
    """Why a pattern does not mean an event of `source`; None if it does."""
    pattern = pattern_of(written)
    if source not in pattern.sources:
        wanted = pattern.sources[0]
        return f'"{written}" means events of {wanted}, and this is one of {source}'
    if pattern.fits(trigger) or (name is not None and pattern.fits(name)):
        return None
    called = trigger if name in (None, trigger) else f"{trigger} or {name}"
    return f'"{written}" does not fit {called}'


def unknown(written: str, plugins: AbstractSet[str]) -> str | None:
    """That no known trigger fits a pattern, nor an event of one of `plugins`; None if one does.

    It may be right all the same: CometChat adds triggers.
    """
    name, dot, _ = written.partition(".")
    if pattern_of(written).is_known or (dot and name in plugins):
        return None
    close = near(written, KNOWN, most=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return f'"{written}" is no trigger known to this version{hint}'
