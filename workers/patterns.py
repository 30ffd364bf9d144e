"""Patterns: what a handler is registered for, and what `--trigger` means.

A pattern is a trigger, a canonical name, or either with `*` for any text. `source:pattern` means
the events of another source than CometChat, of which an unqualified pattern sees none. Events that
plugins emit go to who names the plugin: `greeter.greeted` and `greeter.*` see them, `*` does not.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, lru_cache

from comethooks.schemas import COMETCHAT, OURS, TRIGGERS, UNKNOWN, Form, Trigger
from comethooks.workers.texts import near

_MOST_NAMED = 3
"""Of more patterns than these it is not said of each why it does not fit."""
_NAMES = {
    entry.name: frozenset(entry.names) for entry in TRIGGERS.values() if "*" not in entry.name
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
    return f'"{written}" does not fit {_called(trigger, name)}'


def why_none_fits(
    patterns: Collection[str], trigger: str, name: str | None, source: str
) -> str | None:
    """Why none of these patterns means an event of `source`; None if one does."""
    reasons = [misfit(each, trigger, name, source) for each in patterns]
    if None in reasons:
        return None
    if len(reasons) > _MOST_NAMED:
        return f"none of its {len(reasons)} patterns fits {_called(trigger, name)}"
    return "; ".join(reason for reason in reasons if reason is not None)


def _called(trigger: str, name: str | None) -> str:
    return trigger if name in (None, trigger) else f"{trigger} or {name}"


def known_events(written: str) -> Iterator[tuple[Trigger, str]]:
    """The known events that a pattern means: the entry of the trigger, and a name that its events
    may have.
    """
    for entry in TRIGGERS.values():
        if "*" in entry.name:  # it stands for whatever plugins emit
            continue
        source = OURS if entry.is_ours else COMETCHAT
        for name in entry.names or (entry.name,):
            if misfit(written, entry.name, name, source) is None:
                yield entry, name


def forms_for(written: str) -> list[Form]:
    """The forms that events may have which a pattern means, as far as is known."""
    entries = [entry for entry, _ in known_events(written)] or [UNKNOWN]
    return [form for entry in entries for form in entry.forms]


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
