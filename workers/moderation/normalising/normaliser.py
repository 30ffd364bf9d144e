# ruff: noqa: RUF001
"""Normalising: a text becomes words that can be compared with those of rules.

A word of a rule is found where a whole word of the text is the same after all steps, never within
another word. So each step says what it leaves alone as well: a step that takes back more than
evasions do finds words that nobody wrote.

Scripts without spaces between words (Chinese, Japanese, Thai and others) have no whole words that
could be told without a dictionary: there a word is found anywhere, and one of a single letter only
where it stands alone.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from comethooks.workers.moderation.normalising import characters
from comethooks.workers.moderation.normalising.characters import MARKS
from comethooks.workers.moderation.normalising.look_alikes import (
    KANA_AS_HAN,
    LEETSPEAK,
    ONE_LETTER_WORDS,
    SPACELESS,
)
from comethooks.workers.moderation.normalising.word_chunks import (
    Chunk,
    Edge,
    chunk_of,
)
from comethooks.workers.moderation.normalising.word_forms import MOST_IN_WORD, Former

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "compatibility": "letters of other widths, styles and forms: ｓｃａｍ, 𝓼𝓬𝓪𝓶",
        "case": "capitals",
        "invisible": "what nobody sees, between letters",
        "marks": "marks and accents on letters: s̶c̶a̶m̶, scám",
        "look_alikes": "letters of another script that look the same, and variants of letters",
        "leetspeak": "digits and signs in place of letters: $c4m",
        "spacing": "spaces and signs between letters: s c a m, s.c.a.m, sc_am",
        "repeats": "letters that are repeated: scaaaam",
    }
)
"""What normalising takes back, step by step."""

_CACHED = 4_096
"""How many chunks of texts are remembered: people use the same words."""
_LONGEST_CACHED = 40
_SHORTEST_RUN = 3
_NO_LETTER = rf"[^\w{MARKS}。！？!?\n]"
_HELD_APART = re.compile(
    rf"(?<![{SPACELESS}])[{SPACELESS}][{MARKS}]*"
    rf"(?:{_NO_LETTER}{{1,3}}[{SPACELESS}][{MARKS}]*)+(?![{SPACELESS}])"
)
"""Letters of a script without spaces, each by itself."""
_SIGN_BETWEEN = re.compile(rf"(?<=[{SPACELESS}])[*_~^`|+=<>#@$%&\\]{{1,3}}(?=[{SPACELESS}])")
"""What is no punctuation, between two of them."""
_KANA_AMONG_HAN = re.compile(r"(?<=[\u4e00-\u9fff])[ニエカロトハタ](?![\u3041-\u30ff])")
_IS_SPACELESS = re.compile(f"[{SPACELESS}]")
_BETWEEN = re.compile(rf"{_NO_LETTER}+")
_THREE_TIMES = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as its words are compared. `edges` are the forms that begin at each word, `sure` the
    scripts that it has letters of beyond doubt, and `spaceless` what is looked at as it is, since
    it has no spaces between words; empty without such letters.
    """

    edges: tuple[tuple[Edge, ...], ...]
    sure: frozenset[str]
    spaceless: tuple[str, ...] = ()

    def hides(self, edge: Edge) -> bool:
        """Whether a form counts as what it looks like."""
        form = edge.form
        return form.hidden or (form.alike is not None and form.alike not in self.sure)

    def _rank(self, edge: Edge) -> tuple[int, bool, int]:
        return edge.end, self.hides(edge), len(edge.form.shown)

    @property
    def text(self) -> str:
        """It for people, for patterns and for telling repeats: of each place the longest form."""
        shown, place = [], 0
        while place < len(self.edges):
            edge = max(self.edges[place], key=self._rank)
            shown.append(edge.form.shown if self.hides(edge) else edge.form.plain)
            place = edge.end
        return " ".join(shown)


class Normaliser:
    """Normalises texts, and words of rules, with all of `STEPS` but those it is to do `without`."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        self.steps = frozenset(STEPS) - frozenset(without)
        self.former = Former(self.steps)
        table: tuple[tuple[str, Callable[[str], str]], ...] = (
            ("marks", characters.without_heaps),
            ("compatibility", characters.compatible),
            ("invisible", characters.visible),
            ("marks", characters.meaningful),
        )
        self._of_characters = [step for name, step in table if name in self.steps]
        self._remembered = lru_cache(maxsize=_CACHED)(self._chunk)

    def characters(self, text: str) -> str:
        """A text after the steps that are about single characters."""
        for step in self._of_characters:
            text = step(text)
        return text

    def read(self, text: str) -> Reading:
        """A text as its words are compared."""
        text = self.characters(text)
        chunks = [
            self._remembered(each) if len(each) <= _LONGEST_CACHED else self._chunk(each)
            for each in text.split()
        ]
        edges: list[list[Edge]] = []
        for chunk in chunks:
            start = len(edges)
            edges += [[] for _ in range(chunk.size)]
            for edge in chunk.edges:
                at = start + edge.start
                moved = Edge(at, start + edge.end, edge.form, edge.joined) if start else edge
                edges[at].append(moved)
        if "spacing" in self.steps:
            for edge in self._written_apart(chunks):
                edges[edge.start].append(edge)
        sure = frozenset[str]().union(*(chunk.sure for chunk in chunks))
        spaceless = self._spaceless(text) if _IS_SPACELESS.search(text) else ()
        return Reading(tuple(map(tuple, edges)), sure, spaceless)

    def key_of(self, word: str) -> Reading | None:
        """A word or a phrase of a rule; None when nothing is left of it."""
        reading = self.read(word)
        has_any = any(map(str.isalnum, self.characters(word)))
        return reading if has_any and reading.edges else None

    def _chunk(self, raw: str) -> Chunk:
        return chunk_of(raw, self.former, self.steps)

    def _written_apart(self, chunks: list[Chunk]) -> Iterator[Edge]:
        """Words that are written letter by letter, with spaces between."""
        place, run = 0, list[tuple[int, str]]()
        for chunk in [*chunks, Chunk(0, ())]:
            if chunk.single:
                run.append((place, chunk.single))
            else:
                yield from self._in_run(run)
                run = []
            place += chunk.size

    def _in_run(self, run: list[tuple[int, str]]) -> Iterator[Edge]:
        """A run as a word; and without a word of one letter that stands before or behind it."""
        if len(run) < _SHORTEST_RUN or len(run) > MOST_IN_WORD:
            return
        starts = [0, *([1] if run[0][1].casefold() in ONE_LETTER_WORDS else [])]
        ends = [len(run), *([len(run) - 1] if run[-1][1].casefold() in ONE_LETTER_WORDS else [])]
        for start in starts:
            for end in ends:
                word = "".join(letter for _, letter in run[start:end])
                if end - start >= _SHORTEST_RUN - (start > 0 or end < len(run)):
                    form = self.former.form(word)
                    yield Edge(run[start][0], run[end - 1][0] + 1, form, joined=True)

    def _spaceless(self, text: str) -> tuple[str, ...]:
        """What a text without spaces may be: as it is, and with what hides words taken back."""
        if "look_alikes" in self.steps:
            text = _KANA_AMONG_HAN.sub(lambda found: found[0].translate(KANA_AS_HAN), text)
        plain = self.former.plain(text)
        if "spacing" in self.steps:
            plain = _HELD_APART.sub(lambda found: _BETWEEN.sub("", found[0]), plain)
            plain = _SIGN_BETWEEN.sub("", plain)
        found = [plain]
        if "leetspeak" in self.steps:
            found.append(plain.translate(LEETSPEAK["CJK"]))
        if "repeats" in self.steps:
            found += [_THREE_TIMES.sub(r"\1", each) for each in found]
        return tuple(dict.fromkeys(found))


NORMALISER = Normaliser()
"""The one that rules are read and applied with."""
