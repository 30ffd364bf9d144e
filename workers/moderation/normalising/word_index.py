"""All words of all rules, found in one pass over the words of a text: what a place of the text may
be is looked up, and no word is searched for.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from comethooks.workers.moderation.normalising.characters import MARKS
from comethooks.workers.moderation.normalising.look_alikes import SPACELESS
from comethooks.workers.moderation.normalising.normaliser import NORMALISER, Normaliser, Reading
from comethooks.workers.moderation.normalising.word_chunks import Edge
from comethooks.workers.moderation.normalising.word_forms import (
    Former,
    Runs,
    WordForm,
    runs_of,
    squeezed,
    stretches,
)

_HAS_SPACELESS = re.compile(f"[{SPACELESS}]")
_GOES_ON = re.compile(f"[{MARKS}]")


class RuleWord(NamedTuple):
    """A word or a phrase, and the number of the rule that it is of."""

    rule: int
    word: str


@dataclass(frozen=True, slots=True)
class _Part:
    """One word of a phrase, as it is compared."""

    plains: tuple[str, ...]
    skeletons: tuple[str, ...]

    @classmethod
    def of(cls, plain: str, former: Former) -> "_Part":
        return cls(tuple(former.plains(plain)), tuple(former.skeletons(plain)))

    def fits(self, form: WordForm, *, hides: bool) -> bool:
        """Whether a form is this word."""
        if form.plain in self.plains or (hides and form.skeleton in self.skeletons):
            return True
        return _stretched(form.plain_runs, self.plains) or (
            hides and _stretched(form.skeleton_runs, self.skeletons)
        )


@dataclass(frozen=True, slots=True)
class _Phrase:
    entry: RuleWord
    parts: tuple[_Part, ...]
    in_one: _Part
    """All of it without spaces, as it is when it is written letter by letter."""


class WordIndex:
    """The words of rules. `entries` are each a rule's number and a word."""

    def __init__(self, entries: Iterable[RuleWord], normaliser: Normaliser = NORMALISER) -> None:
        self._first: defaultdict[str, list[_Phrase]] = defaultdict(list)
        """By what a phrase may begin with, or be when it is written as one word: `p` and a word as
        it is, `s` and what it looks like, `P` and `S` and the same with each letter once."""
        self._spaceless: defaultdict[str, list[tuple[str, RuleWord]]] = defaultdict(list)
        for entry in entries:
            self._add(entry, normaliser)

    def __bool__(self) -> bool:
        return bool(self._first or self._spaceless)

    def found_in(self, reading: Reading) -> Iterator[RuleWord]:
        """What of it is in a text, each word once."""
        seen: set[RuleWord] = set()
        for entry in self._found(reading):
            if entry not in seen:
                seen.add(entry)
                yield entry

    def _found(self, reading: Reading) -> Iterator[RuleWord]:
        for edges in reading.edges:
            for edge in edges:
                yield from self._at(edge, reading)
        if self._spaceless:
            for text in reading.spaceless:
                yield from self._within(text)

    def _at(self, edge: Edge, reading: Reading) -> Iterator[RuleWord]:
        hides, form = reading.hides(edge), edge.form
        for key in _keys(form, hides=hides):
            for phrase in self._first.get(key, ()):
                begins = phrase.parts[0].fits(form, hides=hides)
                if (begins and _goes_on(phrase.parts[1:], edge.end, reading)) or (
                    (edge.joined or form.hidden) and phrase.in_one.fits(form, hides=hides)
                ):
                    yield phrase.entry

    def _within(self, text: str) -> Iterator[RuleWord]:
        for place, letter in enumerate(text):
            for word, entry in self._spaceless.get(letter, ()):
                end = place + len(word)
                if not text.startswith(word, place) or _GOES_ON.match(text, end):
                    continue
                alone = not (_is_word(text[place - 1 : place]) or _is_word(text[end : end + 1]))
                if len(word) > 1 or alone:
                    yield entry

    def _add(self, entry: RuleWord, normaliser: Normaliser) -> None:
        former = normaliser.former
        text = normaliser.characters(entry.word)
        if _HAS_SPACELESS.search(text):
            word = "".join(each for each in former.plain(text) if _is_word(each))
            self._spaceless[word[0]].append((word, entry))
            return
        reading = normaliser.read(entry.word)
        plain = [edges[0].form.plain for edges in reading.edges]
        if not plain:
            return
        parts = tuple(_Part.of(each, former) for each in plain)
        in_one = parts[0] if len(parts) == 1 else _Part.of("".join(plain), former)
        phrase = _Phrase(entry, parts, in_one)
        for key in {*_keys_of(phrase.parts[0]), *_keys_of(phrase.in_one)}:
            self._first[key].append(phrase)


def _goes_on(parts: tuple[_Part, ...], place: int, reading: Reading) -> bool:
    """Whether the rest of a phrase follows at a place."""
    if not parts:
        return True
    if place >= len(reading.edges):
        return False
    return any(
        parts[0].fits(edge.form, hides=reading.hides(edge))
        and _goes_on(parts[1:], edge.end, reading)
        for edge in reading.edges[place]
    )


def _keys_of(part: _Part) -> Iterator[str]:
    yield from (f"p{each}" for each in part.plains)
    yield from (f"P{squeezed(runs_of(each))}" for each in part.plains)
    yield from (f"s{each}" for each in part.skeletons)
    yield from (f"S{squeezed(runs_of(each))}" for each in part.skeletons)


def _keys(form: WordForm, *, hides: bool) -> Iterator[str]:
    yield f"p{form.plain}"
    if form.plain_runs:
        yield f"P{squeezed(form.plain_runs)}"
    if hides:
        yield f"s{form.skeleton}"
        if form.skeleton_runs:
            yield f"S{squeezed(form.skeleton_runs)}"


def _stretched(runs: Runs, words: Iterable[str]) -> bool:
    """Whether runs are one of some words, stretched; those of a word that is not have none."""
    if not runs:
        return False
    letters = squeezed(runs)
    # Made when they are asked for: few words of texts are stretched, and all of rules stay.
    known = map(runs_of, words)
    return any(squeezed(each) == letters and stretches(runs, each) for each in known)


def _is_word(letter: str) -> bool:
    return letter.isalnum() or bool(letter and _GOES_ON.match(letter))
