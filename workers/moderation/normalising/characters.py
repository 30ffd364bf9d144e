"""What is done to the characters of a whole text, before it is taken apart into words."""

import re
import unicodedata
from string import ascii_uppercase

_MARK_BLOCKS = (
    *((0x0300, 0x0370), (0x0483, 0x048A), (0x0591, 0x0700), (0x07EB, 0x0860), (0x08CA, 0x0E50)),
    *((0x0EB1, 0x10A0), (0x135D, 0x1360), (0x1712, 0x1800), (0x1A17, 0x1E00), (0x20D0, 0x2100)),
    *((0x3099, 0x309B), (0xA66F, 0xA6F2), (0xA802, 0xABEE), (0xFE20, 0xFE30)),
)


def _marks() -> str:
    """All combining marks of the blocks above, for a class of characters."""
    found = [
        code
        for first, end in _MARK_BLOCKS
        for code in range(first, end)
        if unicodedata.category(chr(code)) in ("Mn", "Mc")
    ]
    spans: list[list[int]] = []
    for code in found:
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)


MARKS = _marks()
"""Combining marks, for a class of characters: in many scripts a part of the letter before them."""
_OF_NO_SCRIPT = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0951-\u0954\u1ab0-\u1aff\u1cd0-\u1cf9\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
"""Marks that words are told by without: those of no script, vowel points, accents of the Vedas."""
_MEANINGLESS = re.compile(f"[{_OF_NO_SCRIPT}]+")
_ANY_MARK = re.compile(f"[{MARKS}]")
_FOREIGN = re.compile(f"(?:\\A|(?<=[\\x00-\\u08c9\\u3040-\\u9fff]))[{MARKS}]+")
"""Marks of scripts that are written with marks, on letters of others or on none."""
_SAME_TWICE = re.compile(f"([{MARKS}])\\1+")
_HEAP = re.compile(f"([{_OF_NO_SCRIPT}]{{4}})[{_OF_NO_SCRIPT}]+")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u0640\u06dd\u070f\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Nothing is seen of these, lone surrogates and the line that stretches Arabic words among them."""

_ON_BLACK = {
    first + place: letter
    for first in (0x1F150, 0x1F170)
    for place, letter in enumerate(ascii_uppercase)
}
"""White letters in black circles and squares, which are compatible with nothing by Unicode."""
_TRADE_MARKS = dict.fromkeys(map(ord, "™℠℡℻"), " ")
"""Signs behind a word, which Unicode has as letters of it: `viagraTM`."""
_SHOWN = {**_ON_BLACK, **_TRADE_MARKS}


def without_heaps(text: str) -> str:
    """`text` with at most four marks in a row that no script has: to put thousands in order takes
    Unicode's normal forms seconds.
    """
    return text if text.isascii() else _HEAP.sub(r"\1", text)


def compatible(text: str) -> str:
    """`text` with plain letters for those of other widths, styles and forms."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_SHOWN))


def visible(text: str) -> str:
    """`text` without what nobody sees."""
    return _INVISIBLE.sub("", text)


def meaningful(text: str) -> str:
    """`text` without marks that are no part of the letter before them. The vowels of Devanagari
    or Thai are; those of Arabic are left out by most who write it.
    """
    if text.isascii() or not _ANY_MARK.search(text):
        return text
    return _SAME_TWICE.sub(r"\1", _FOREIGN.sub("", _MEANINGLESS.sub("", text)))


def bare(text: str) -> str:
    """`text` without any accents of its letters."""
    if text.isascii():
        return text
    taken_apart = _MEANINGLESS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", taken_apart)


def accents_of(text: str) -> list[str]:
    """The marks that its letters are made with."""
    if text.isascii():
        return []
    return _MEANINGLESS.findall(unicodedata.normalize("NFD", text))
