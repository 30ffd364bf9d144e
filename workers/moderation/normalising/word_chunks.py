"""What stands between two spaces: words, and what they may be together."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from string import ascii_letters

from comethooks.workers.moderation.normalising.characters import MARKS
from comethooks.workers.moderation.normalising.look_alikes import (
    LOOK_ALIKES,
    SIGNS,
    SPACELESS,
    script_of,
)
from comethooks.workers.moderation.normalising.word_forms import (
    MOST_IN_WORD,
    TWINS,
    Former,
    WordForm,
    letters,
)

_OF_WORDS = rf"[^\W_{SPACELESS}]|[{MARKS}]"
_WORD = re.compile(rf"(?:{_OF_WORDS})+|[{SPACELESS}](?:[{SPACELESS}{MARKS}])*")
_WITH_SIGNS = re.compile(rf"(?:{_OF_WORDS}|[{re.escape(SIGNS)}])+")
_USUAL = frozenset(
    "-.,:;/\\&?!()[]{}'\"=#@%\u060c\u061b\u061f\u0964\xab\xbb"
    "\u2010\u2011\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026"
)
"""Signs that stand between words without a space, too: nothing is hidden by one of these alone."""
_SURE = frozenset(ascii_letters) - TWINS
"""Letters of ASCII that tell that a text is in Latin script."""
_LATIN, _NONE = frozenset({"LATIN"}), frozenset[str]()
_IN_LISTS = frozenset(",;:\u060c\u061b\u3001")
"""Signs behind the letters of a list: `a, b, c` is no word."""
_NUMBERED = re.compile(r"\d{0,3}([^\W\d_]{3,})\d{0,4}")
"""A word with a number before or behind it: of many people called the same, or to hide it."""
_NOT_AT_THE_END = "!|+"
"""Signs that end sentences and lists more often than words."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A form that a part of a chunk may be: of its words those from `start` to before `end`.
    `joined` says whether what stood between letters was left out for that.
    """

    start: int
    end: int
    form: WordForm
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a text without a space: how many words it has, and what they may be."""

    size: int
    edges: tuple[Edge, ...]
    single: str = ""
    """The letter, the digit or the sign that it is, by itself."""
    sure: frozenset[str] = frozenset()
    """Scripts that it has letters of which no other script has a twin."""


def chunk_of(raw: str, former: Former, steps: AbstractSet[str]) -> Chunk:
    """What a chunk may be."""
    if raw.isascii() and raw.isalpha():  # as most chunks are
        is_sure = not _SURE.isdisjoint(raw)
        single = raw if len(raw) == 1 else ""
        return Chunk(1, (Edge(0, 1, former.form(raw)),), single, _LATIN if is_sure else _NONE)
    found = [*_WORD.finditer(raw)]
    if not found:
        is_letter = raw in SIGNS and raw not in _NOT_AT_THE_END
        return Chunk(1, (Edge(0, 1, former.form(raw)),), raw) if is_letter else Chunk(0, ())
    edges = [Edge(place, place + 1, former.form(word[0])) for place, word in enumerate(found)]
    if "leetspeak" in steps:
        edges += _with_signs(raw, found, former)
        edges += [
            Edge(place, place + 1, former.form(inner[1]))
            for place, word in enumerate(found)
            if (inner := _NUMBERED.fullmatch(word[0])) and inner[1] != word[0]
        ]
    if "spacing" in steps and len(found) > 1:
        edges += _joined(raw, found, former)
    is_alone = len(found) == 1 and is_single(found[0][0]) and _IN_LISTS.isdisjoint(raw)
    single = found[0][0] if is_alone else ""
    sure = {
        script_of(each)
        for each in letters(raw)
        if (each in _SURE if each < "\x80" else ord(each) not in LOOK_ALIKES)
    }
    return Chunk(len(found), tuple(edges), single, frozenset(sure))


def is_single(word: str) -> bool:
    """Whether a word is one letter or digit, with whatever marks belong to it."""
    return sum(each.isalnum() for each in word) == 1


def _with_signs(raw: str, found: list[re.Match[str]], former: Former) -> list[Edge]:
    """Words with signs in them that are read as letters."""
    if raw.isalnum() or not any(sign in raw for sign in SIGNS):
        return []
    starts, ends = [each.start() for each in found], [each.end() for each in found]
    edges = []
    for match in _WITH_SIGNS.finditer(raw):
        word = match[0].rstrip(_NOT_AT_THE_END)
        first = bisect_left(starts, match.start())
        behind = bisect_right(ends, match.start() + len(word))
        is_word = first < behind and len(word) <= MOST_IN_WORD and any(map(str.isalpha, word))
        if is_word and any(sign in word for sign in SIGNS):
            edges.append(Edge(first, behind, former.form(word)))
    return edges


def _joined(raw: str, found: list[re.Match[str]], former: Former) -> list[Edge]:
    """The whole chunk as one word, where its letters are held apart by what holds no words apart,
    or stand alone.
    """
    if "//" in raw:  # of an address
        return []
    words = [each[0] for each in found]
    between = raw[found[0].end() : found[-1].start()]
    apart = {each for each in between if not each.isalnum()} - set("".join(words))
    is_hidden = not apart <= _USUAL or any(map(is_single, words))
    whole = "".join(words)
    if not is_hidden or len(whole) > MOST_IN_WORD:
        return []
    edges = [Edge(0, len(found), former.form(whole), joined=True)]
    inner = raw[found[0].start() : found[-1].end()]
    if any(sign in inner for sign in SIGNS):
        kept = "".join(each for each in inner if each.isalnum() or each in SIGNS or each in whole)
        edges.append(Edge(0, len(found), former.form(kept), joined=True))
    return edges
