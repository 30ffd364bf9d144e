"""What the handlers of a dry run would have done, counted by its kind."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from comethooks.workers.texts import without_secrets

SHOWN = 10
"""Kinds that people are shown, the most frequent first."""
_MOST_KINDS = 1000
"""Kinds that are counted each by itself: addresses may have an id in them."""
_ONCE = re.compile(r"once .*: (?P<what>.+)", re.DOTALL)
_LEFT_OUT = re.compile(r"… and (?P<count>\d+) more")

BEHIND = (
    "What handlers did other than through ctx, such as writing into a file or a database of their"
    " own, was done."
)
"""What a dry run cannot promise."""


@dataclass(slots=True)
class EffectKinds:
    """How often each kind of effect would have been; `others` are those that no room was left
    for.
    """

    counts: Counter[str] = field(default_factory=Counter)
    others: int = 0

    @classmethod
    def of(cls, effects: Iterable[str]) -> Self:
        """Those of the lines that `workers.handlers.effects` noted."""
        found = cls()
        for line in effects:
            found._add(line)
        return found

    def lines(self) -> Iterator[str]:
        """What people are shown, bounded."""
        ordered = self.counts.most_common()
        for kind, count in ordered[:SHOWN]:
            yield f"{kind}: {_times(count)}"
        rest = ordered[SHOWN:]
        if more := sum(count for _, count in rest) + self.others:
            kinds = f", of {len(rest)} other kinds" if rest and not self.others else ""
            yield f"… and {more} more{kinds}"
        if not ordered:
            yield "Handlers would have done nothing through ctx."

    def as_json(self) -> list[dict[str, Any]]:
        """Every kind that is counted by itself, the most frequent first."""
        return [{"effect": kind, "count": count} for kind, count in self.counts.most_common()]

    def _add(self, line: str) -> None:
        if left_out := _LEFT_OUT.fullmatch(line):
            self.others += int(left_out["count"])
            return
        kind = _kind(line)
        if kind in self.counts or len(self.counts) < _MOST_KINDS:
            self.counts[kind] += 1
        else:
            self.others += 1


def _kind(line: str) -> str:
    """An effect without what is its own: the payload, the query of an address, the key."""
    if once := _ONCE.fullmatch(line):
        return f"once: {once['what']}"
    verb = " ".join(line.split(" ", 3)[:3])
    return without_secrets(verb.partition("?")[0])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
