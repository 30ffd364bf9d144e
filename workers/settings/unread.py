"""Variables that look like settings and that nobody reads, since they are misspelt or left over."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from comethooks.workers.settings.names import NAMES

PREFIX = "COMETHOOKS_"
_FILE = "_FILE"
_LIKE = 0.6
_SURELY_LIKE = 0.85
"""How much of two names has to be the same, without the prefix that they share."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A variable that nobody reads, and the one that was probably meant. Never its value."""

    name: str
    nearest: str | None

    @property
    def is_surely_misspelt(self) -> bool:
        """Whether it is so like another that no plugin need be asked about it."""
        return self.nearest is not None and _likeness(self.name, self.nearest) >= _SURELY_LIKE

    @property
    def sentence(self) -> str:
        """What to tell."""
        hint = f"did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.name} is read by nobody; {hint or 'unset it, or see docs/settings.md'}"


def unread(
    environ: Mapping[str, str], more: Iterable[str] = (), namespaces: Iterable[str] = ()
) -> list[Unread]:
    """The variables of `environ` that begin with COMETHOOKS_ and are no setting, by name.

    `more` are the variables that plugins read; `namespaces` are names of plugins of which it is not
    known what they read, so nothing is said of what may be theirs. An empty one counts as unset.
    """
    names = (*NAMES.values(), *more)
    known = {*names, *(f"{name}{_FILE}" for name in names)}
    spared = tuple(f"{PREFIX}{name}_".upper() for name in namespaces)
    return [
        Unread(name, _nearest(name, known))
        for name, text in sorted(environ.items())
        if name.upper().startswith(PREFIX)
        and name not in known
        and text.strip()
        and not name.startswith(spared)
    ]


def _nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like it; a file's for a file's."""
    alike = [each for each in known if each.endswith(_FILE) == name.upper().endswith(_FILE)]
    best = max(alike, key=lambda each: (_likeness(name, each), each), default=None)
    return best if best is not None and _likeness(name, best) >= _LIKE else None


def _likeness(name: str, other: str) -> float:
    one, two = (each.upper().removeprefix(PREFIX).removesuffix(_FILE) for each in (name, other))
    return difflib.SequenceMatcher(None, one, two).ratio()
