"""What holds of any word and any text."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as some

from comethooks.workers.moderation.normalising.normaliser import NORMALISER
from comethooks.workers.moderation.normalising.word_index import RuleWord, WordIndex

ALPHABETS = ("abcixyzlss", "абвгдкос", "αβγδεοσς", "ابتثجحي", "कखगाििी्", "加密货币赌", "กขคาี้")
WORDS = some.sampled_from(ALPHABETS).flatmap(lambda letters: some.text(letters, min_size=2))


@settings(max_examples=200, deadline=None)
@given(some.text(some.characters(), max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    """Lone surrogates, controls, whatever there is: it can be read, and is a text again."""
    reading = NORMALISER.read(text)
    assert isinstance(reading.text, str)
    if any(map(str.isalnum, NORMALISER.characters(text))):
        assert reading.edges


@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_a_word_is_found_in_itself(word: str) -> None:
    """In capitals and among others, too, if anything is left of it."""
    if NORMALISER.key_of(word) is None:
        return
    index = WordIndex([RuleWord(0, word)])
    for text in (word, f"well {word} then", word.upper(), unicodedata.normalize("NFD", word)):
        assert any(index.found_in(NORMALISER.read(text))), text


@settings(max_examples=200, deadline=None)
@given(some.text("abdef", min_size=3, max_size=8), some.text("ghjkm", min_size=1, max_size=4))
def test_a_word_is_not_found_within_another(word: str, more: str) -> None:
    """With something before it, behind it, or both."""
    index = WordIndex([RuleWord(0, word)])
    for text in (f"{more}{word}", f"{word}{more}", f"{more}{word}{more}"):
        assert not any(index.found_in(NORMALISER.read(text)))
