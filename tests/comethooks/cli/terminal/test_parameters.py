"""Times and ids as they are written on the command line."""

import time

import click
import pytest

from comethooks.cli.terminal.parameters import Identifier, Moment


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2026-10-03", 1_790_985_600_000),
        ("2026-10-03T14:30:00Z", 1_791_037_800_000),
        ("2026-10-03T14:30:00", 1_791_037_800_000),
        ("2026-10-03 14:30", 1_791_037_800_000),
        ("2026-10-03T14:30:00.250+02:00", 1_791_030_600_250),
        ("0001-01-01", 0),
        ("999999999w", 0),
    ],
)
def test_a_time_is_iso_in_utc_unless_it_says_otherwise(text, milliseconds):
    assert Moment().convert(text, None, None) == milliseconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("7d", 604_800), ("90s", 90), ("15m", 900)]
)
def test_a_time_may_be_how_long_ago(text, seconds):
    before = time.time() - seconds
    assert 0 <= Moment().convert(text, None, None) / 1000 - before + 0.001 < 5


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "-2h", "2 hours"])
def test_what_is_no_time_is_explained(text):
    with pytest.raises(click.BadParameter, match="is no time: write 2026-10-03"):
        Moment().convert(text, None, None)


def test_an_id_is_taken_in_any_case():
    assert Identifier().convert(" 01A2F3B4 ", None, None) == "01a2f3b4"


def test_an_id_of_five_characters_is_too_short():
    with pytest.raises(click.BadParameter, match="at least 6 characters"):
        Identifier().convert("01a2f", None, None)
