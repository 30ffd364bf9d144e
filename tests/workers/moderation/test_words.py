"""Words: found whatever is done to hide them, and nothing that only looks like one.

The rows are in `words.jsonl`. Those of Latin script come from what people report of word filters:
false alarms (Scunthorpe, analytics, Bumgardner, `as sure`, `få en`, `abcódef`, `accumulate`) and
ways around them (letters of other scripts, of other styles, Markdown, spaces, signs).
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from comethooks.workers.moderation.normalising.normaliser import STEPS, Normaliser
from comethooks.workers.moderation.normalising.word_index import RuleWord, WordIndex
from tests.looped import looped

ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("words.jsonl").read_text("utf-8").splitlines()
]
SIX = ("Latin", "Cyrillic", "Greek", "Arabic", "Devanagari", "CJK")


def is_found(row, normaliser: Normaliser) -> bool:
    reading = normaliser.read(row["text"])
    index = WordIndex([RuleWord(0, row["word"])], normaliser)
    return any(index.found_in(reading))


@looped("row", ROWS, ids=lambda row: f"{row['word']} in {row['text']!a}")
def test_a_word_is_found_where_it_is_meant(row) -> None:
    """Each row says whether it is."""
    assert is_found(row, Normaliser()) is row["found"]


def test_there_are_rows_for_six_scripts() -> None:
    """Ten ways to hide a word in each, and as many texts that only look like it."""
    counted = Counter((row["script"], row["found"]) for row in ROWS)
    assert {(script, found) for script in SIX for found in (True, False)} <= {
        each for each, number in counted.items() if number >= 10
    }


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_there_for_nothing(step: str) -> None:
    """Without any one of them three rows at least are not as they should be."""
    without = Normaliser(without=[step])
    wrong = [row for row in ROWS if is_found(row, without) is not row["found"]]
    assert len(wrong) >= 3
