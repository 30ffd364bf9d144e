"""What one word may be read as."""

import re
import unicodedata
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby

from comethooks.workers.moderation.normalising import characters
from comethooks.workers.moderation.normalising.look_alikes import (
    LEETSPEAK,
    LOOK_ALIKES,
    ODD,
    SIGNS,
    VARIANTS,
    merged,
    script_of,
)

MOST_IN_WORD = 60
"""What is longer is no word, and hides none."""
Runs = tuple[tuple[str, int], ...]
"""A word as its letters, each with how often it stands in a row."""
_OWN_LETTERS = frozenset("äöüëïÿåñçşğøčšžřćńłőűășțąęãõйїўґ")
"""Letters with a mark that alphabets have as letters of their own: `año` is no `ano`."""
TWINS = frozenset("aceijkmopsxyABCEHIJKMNOPSTXYZ")
"""Letters of ASCII that look like one of Cyrillic or Greek as that is mostly written."""
_CAPITAL_I = re.compile("[a-z]I|^I(?=[a-z]*I)")
_STRETCHED = re.compile(r"(.)\1\1|(.)\2.*(.)\3")
_MODEL = re.compile(r"[^\W\d_]+\d{3,}|[^\W\d_]\d+|[^\W\d_]{2}\d|\d{2,}[^\W\d_]+|\d[^\W\d_]{1,2}")
"""What is called so: A55, mp3, 500mg, 4k. Nobody reads its digits as letters."""
_PRICE = re.compile(r"[^\W\d_]{0,3}[$€]\d+[km]?|\d+[$€¢]", re.IGNORECASE)
"""What has a price: A$5, US$100, $5k."""


@dataclass(frozen=True, slots=True)
class WordForm:
    """What a word may be read as.

    `plain` is what it is. `skeleton` is what it looks like, with letters that one sign may be as
    one; it counts when the word is `hidden`, or when no other word of the text is surely of the
    script `alike`. `shown` is the same for people to read.
    """

    plain: str
    skeleton: str
    shown: str
    hidden: bool = False
    alike: str | None = None
    plain_runs: Runs = ()
    """Only of a word with letters that are written more often than a language has them."""
    skeleton_runs: Runs = ()


class Former:
    """Makes forms, with those `steps` of normalisation that are on."""

    def __init__(self, steps: AbstractSet[str]) -> None:
        self._case = "case" in steps
        self._marks = "marks" in steps
        self._look_alikes = "look_alikes" in steps
        self._leetspeak = "leetspeak" in steps
        self._repeats = "repeats" in steps

    def form(self, raw: str) -> WordForm:
        """The form of a word that stands in a text."""
        plain = self.plain(raw)
        if len(raw) > MOST_IN_WORD:
            return WordForm(plain, plain, plain)
        if raw.isascii() and raw.isalpha():  # as most words are
            hidden = self._look_alikes and _CAPITAL_I.search(raw) is not None
            alike = "LATIN" if self._look_alikes and TWINS.issuperset(raw) else None
            runs = self._stretched(plain)
            skeleton = merged(plain)
            return WordForm(plain, skeleton, plain, hidden, alike, runs, runs and runs_of(skeleton))
        script = main_script(raw)
        read = self._read(raw, script) if script and self._is_leet(raw) else raw
        shown = self._shown(read)
        skeleton = merged(shown)
        hidden = skeleton != merged(plain) and (read != raw or self._is_hidden(raw))
        hidden = hidden or (self._look_alikes and _CAPITAL_I.search(raw) is not None)
        alike = None
        if not hidden and self._look_alikes and script in ("LATIN", "CYRILLIC", "GREEK"):
            alike = script if looks_alike(raw) else None
        return WordForm(
            plain,
            skeleton,
            shown if hidden else plain,
            hidden,
            alike,
            self._stretched(plain),
            self._stretched(skeleton),
        )

    def plain(self, raw: str) -> str:
        """A word as rules and texts are compared when nothing is hidden."""
        plain = self.folded(raw)
        return plain.translate(VARIANTS) if self._look_alikes else plain

    def plains(self, word: str) -> frozenset[str]:
        """A word of a rule, and without its accents, which many leave out; not without the marks
        that make another letter.
        """
        plain = self.plain(word)
        if not self._marks or plain.isascii() or not _OWN_LETTERS.isdisjoint(plain):
            return frozenset({plain})
        return frozenset({plain, characters.bare(plain)})

    def folded(self, raw: str) -> str:
        """A word without the difference between capitals and small letters."""
        # Some letters come apart when they are folded, and are put together again.
        return unicodedata.normalize("NFC", raw.casefold()) if self._case else raw

    def skeletons(self, word: str) -> frozenset[str]:
        """What a word of a rule looks like, in small letters and in capitals."""
        small = self.folded(word)
        capitals = small.upper() if self._case else small
        return frozenset(merged(self._shown(each)) for each in (small, capitals))

    def _shown(self, raw: str) -> str:
        shown = raw
        if self._look_alikes:
            shown = shown.translate(LOOK_ALIKES)
        shown = self.plain(shown)
        if self._look_alikes:
            shown = shown.translate(LOOK_ALIKES)
        return characters.bare(shown) if self._marks else shown

    def _read(self, raw: str, script: str) -> str:
        """A word with its digits and signs as letters of its script."""
        table = LEETSPEAK.get(script)
        return raw.translate(table) if table else raw

    def _is_leet(self, raw: str) -> bool:
        if not self._leetspeak or raw.isalpha():
            return False
        has_sign = any(sign in raw for sign in SIGNS)
        if not has_sign and not any(map(str.isdigit, raw)):
            return False
        return not (_PRICE if has_sign else _MODEL).fullmatch(raw)

    def _is_hidden(self, raw: str) -> bool:
        if self._marks and not raw.isascii():
            accents = characters.accents_of(raw)
            own = len(accents) == 1 and any(each.lower() in _OWN_LETTERS for each in raw)
            if accents and not own:
                return True
        if not self._look_alikes or raw.isascii():
            return False
        return ODD.search(raw) is not None or len({script_of(each) for each in letters(raw)}) > 1

    def _stretched(self, word: str) -> Runs:
        return runs_of(word) if self._repeats and _STRETCHED.search(word) else ()


def letters(word: str) -> list[str]:
    """The letters of a word, without marks, digits and signs."""
    return [each for each in word if each.isalpha()]


def main_script(word: str) -> str:
    """The script that most letters of a word are of; empty without letters."""
    if word.isascii():
        return "LATIN" if any(map(str.isalpha, word)) else ""
    scripts = Counter(script_of(each) for each in letters(word))
    return scripts.most_common(1)[0][0] if scripts else ""


def looks_alike(word: str) -> bool:
    """Whether each letter of a word has a twin in another script."""
    found = letters(word)
    return bool(found) and all(
        each in TWINS if each < "\x80" else ord(each) in LOOK_ALIKES for each in found
    )


def runs_of(word: str) -> Runs:
    """A word as its letters, each with how often it stands in a row."""
    return tuple((letter, len(list(group))) for letter, group in groupby(word))


def squeezed(runs: Runs) -> str:
    """The letters, each once."""
    return "".join(letter for letter, _ in runs)


def stretches(runs: Runs, word: Runs) -> bool:
    """Whether `runs`, of which the letters are the same, are of that word stretched: a letter three
    times or more, or several twice. `good` is no `god`.
    """
    longer = 0
    for (_, there), (_, needed) in zip(runs, word, strict=True):
        if there < needed:
            return False
        longer += (there > needed) + (there > needed and there > 2)
    return longer > 1
