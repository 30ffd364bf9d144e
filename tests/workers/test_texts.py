"""Text as it is printed and kept."""

import json
from typing import Any

import pytest

from comethooks.workers.texts import cut, dumps, number_of


@pytest.mark.parametrize("value", [{"a": [1, None, "é"]}, "\ud800", 2**70, {"\udfff": -(2**64)}])
def test_json_is_made_of_whatever_a_body_may_hold(value: Any) -> None:
    """What orjson refuses, too."""
    assert json.loads(dumps(value)) == value


@pytest.mark.parametrize(
    ("count", "words", "written"),
    [
        (0, ("run",), "0 runs"),
        (1, ("run",), "1 run"),
        (2, ("run waits", "runs wait"), "2 runs wait"),
        (1, ("run waits", "runs wait"), "1 run waits"),
    ],
)
def test_a_number_of_things_is_written_as_people_write_it(
    count: int, words: tuple[str, ...], written: str
) -> None:
    assert number_of(count, *words) == written


@pytest.mark.parametrize(
    ("text", "short"), [("", ""), ("abcde", "abcde"), ("abcdef", "abcd…"), ("\n" * 9, "\n\n\n\n…")]
)
def test_text_that_is_cut_says_so(text: str, short: str) -> None:
    assert cut(text, 5) == short
