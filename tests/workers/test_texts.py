"""Text as it is printed and kept."""

import ast
import json
import re
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from comethooks.workers.texts import (
    cut,
    dumps,
    few,
    meant,
    number_of,
    plain,
    scrub,
    scrubbed,
    without,
)
from tests.test_imports import FLOORS, ROOT


@pytest.mark.parametrize("value", [{"a": [1, None, "é"]}, "\ud800", 2**70, {"\udfff": -(2**64)}])
def test_json_is_made_of_whatever_a_body_may_hold(value: Any) -> None:
    """What orjson refuses, too."""
    assert json.loads(dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a\ud800": ("\udfff", 2**70)}, {"a\ufffd": ["\ufffd", 2**70]}),
        ([MappingProxyType({"a": None}), Path("/b")], [{"a": None}, "/b"]),
    ],
)
def test_json_that_is_kept_has_no_lone_surrogate_and_loses_nothing_else(
    value: Any, kept: Any
) -> None:
    """Nothing that JSON does not know keeps the rest from being written."""
    assert json.loads(dumps(value, scrubs=True)) == kept


def test_of_many_names_a_few_are_named() -> None:
    """And the others are counted."""
    assert [few("abcd"[:number], 3) for number in (0, 1, 3, 4)] == [
        "",
        "a",
        "a, b, c",
        "a, b, c and 1 more",
    ]


def test_who_writes_what_there_is_not_is_asked_what_was_meant() -> None:
    """The nearest come first; where nothing is near, nothing is asked."""
    assert meant("sent", ["send", "lost", "sent_at"]) == "did you mean send or sent_at?"
    assert meant("sent", ["send", "sent_at"], most=1) == "did you mean send?"
    assert meant("sent", ["other"]) == ""


def test_of_secrets_that_hold_each_other_nothing_is_left() -> None:
    """Only what is long enough is one."""
    assert without("hush-2, hush and aye", ["hush", "aye", "hush-2", ""]) == "***, *** and aye"
    assert without("a", ["a", ""], shortest=1) == "***"


def test_scrubbing_a_document_reaches_every_text() -> None:
    """Keys as well, and what is no text stays as it is."""
    moment = datetime(2026, 1, 2)
    document = {"a\ud83d": [("\x00", 1), None], "when": moment}
    assert scrubbed(document) == {"a\ufffd": [["\ufffd", 1], None], "when": moment}


def test_scrubbing_replaces_nul_and_lone_surrogates_only() -> None:
    """Emoji and everything else stay."""
    assert scrub("a\x00b\ud83dc😀") == "a\ufffdb\ufffdc😀"


@pytest.mark.parametrize(
    ("count", "words", "written"),
    [
        (0, ("run",), "0 runs"),
        (1, ("run",), "1 run"),
        (2, ("run waits", "runs wait"), "2 runs wait"),
        (1, ("run waits", "runs wait"), "1 run waits"),
        (1.0, ("second",), "1 second"),
        (0.5, ("second",), "0.5 seconds"),
    ],
)
def test_a_number_of_things_is_written_as_people_write_it(
    count: float, words: tuple[str, ...], written: str
) -> None:
    assert number_of(count, *words) == written


_COUNTED = re.compile(
    r" (?:(?:new|old|bad|dead|more) )?(?:bytes|days|drainers|entries|events|handlers|lines"
    r"|partitions|runs|seconds|triggers|versions|workers)\b(?! (?:in|list)\b)"
)


def test_no_text_but_that_of_number_of_has_a_plural_behind_a_number() -> None:
    """So nobody reads "1 events". A constant in capitals is a number that is known to be none."""
    found = []
    for file in chain(*((ROOT / floor).rglob("*.py") for floor in FLOORS)):
        for text in ast.walk(ast.parse(file.read_text())):
            for value, after in pairwise(text.values if isinstance(text, ast.JoinedStr) else ()):
                if (
                    isinstance(value, ast.FormattedValue)
                    and isinstance(after, ast.Constant)
                    and _COUNTED.match(after.value)
                    and not ast.unparse(value.value).isupper()
                ):
                    found.append(f"{file.relative_to(ROOT)}:{value.lineno}: {after.value!r:.40}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "short"), [("", ""), ("abcde", "abcde"), ("abcdef", "abcd…"), ("\n" * 9, "\n\n\n\n…")]
)
def test_text_that_is_cut_says_so(text: str, short: str) -> None:
    assert cut(text, 5) == short


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("two\nlines\tand 👩\u200d💻 語", "two\nlines\tand 👩\u200d💻 語"),
        ("\x1b[2J", "\\u001b[2J"),
        ("\u202e\x00\ud83d", "\\u202e\\u0000\\ud83d"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize("scrubs", [True, False])
def test_numbers_that_json_does_not_know_are_null(scrubs: bool) -> None:
    """Also beside what orjson refuses, where another library would write NaN."""
    document = {"a": float("nan"), "b": [float("inf")], "c": 2**70, "d": "\ud800"}
    made = json.loads(dumps(document, scrubs=scrubs), parse_constant=pytest.fail)
    assert (made["a"], made["b"], made["c"]) == (None, [None], 2**70)
