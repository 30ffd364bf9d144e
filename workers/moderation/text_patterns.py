"""Patterns of RE2, which takes no longer for a text than the text is long: a pattern that hangs
other engines hangs nobody here.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from comethooks.workers.moderation.rule import Rule

_MOST_MEMORY = 16 << 20


def quiet_options() -> Any:
    """Options of RE2 that write nothing to the standard error."""
    import re2  # only who has patterns needs it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    return options


class PatternIndex:
    """The patterns of rules, all of which are looked for in one go."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._written = [
            (number, pattern) for number, rule in enumerate(rules) for pattern in rule.patterns
        ]
        self._set = _set_of([pattern for _, pattern in self._written])

    def found_in(self, *texts: str) -> Iterator[tuple[int, str]]:
        """The rules, by number, of which one of the texts has a pattern, each with the pattern."""
        if self._set is None:
            return
        found: set[int] = set()
        for text in dict.fromkeys(texts):
            # RE2 takes UTF-8, which knows no halves of surrogate pairs.
            found.update(self._set.Match(text.encode("utf-8", "replace")) or ())
        yield from (self._written[each] for each in sorted(found))


class _OneByOne:
    """What a set of patterns is when it takes more memory than it may."""

    def __init__(self, patterns: list[str]) -> None:
        import re2

        self._compiled = [re2.compile(each, quiet_options()) for each in patterns]

    def Match(self, text: bytes) -> list[int]:
        """The numbers of those that are in the text, as RE2's set has it."""
        return [number for number, each in enumerate(self._compiled) if each.search(text)]


def _set_of(patterns: list[str]) -> Any:
    if not patterns:
        return None
    import re2

    made = re2.Set.SearchSet(quiet_options())
    try:
        for pattern in patterns:
            made.Add(pattern)
        made.Compile()
    except re2.error:
        return _OneByOne(patterns)
    return made
