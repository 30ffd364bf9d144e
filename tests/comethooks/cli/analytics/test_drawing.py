"""Figures as tables with charts: on terminals of any width, without UTF-8, and in a pipe."""

import io
import re
import sys
from collections.abc import Callable

import pytest

from comethooks.cli.analytics.drawing import number, print_buckets, print_metrics
from comethooks.cli.analytics.periods import Period
from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal import Figure

HOUR = 3_600_000
START = 497_222 * HOUR
DAY = Period(Size.HOUR, START, START + 6 * HOUR)
SENT, LATENCY = METRICS["messages.sent"], METRICS["latency.read"]


def figures(*values: float, name: str = "messages.sent", **labels: str) -> list[Figure]:
    """Figures of hours that follow each other."""
    return [
        Figure(START + at * HOUR, Size.HOUR, None, name, labels, value)
        for at, value in enumerate(values)
        if value
    ]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """The lines that were printed, without colours and trailing blanks."""

    def read() -> list[str]:
        text = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
        return [line.rstrip() for line in text.splitlines()]

    return read


def test_a_line_for_each_bucket_with_a_bar(shown: Callable[[], list[str]]) -> None:
    """From the first in which there is something, and none is left out after that."""
    print_buckets(SENT, figures(0, 50, 0, 100, 1), DAY)
    head, *rows = shown()
    assert head.split() == ["HOUR", "MESSAGES"]
    assert [row.split()[:2] for row in rows] == [
        ["2026-09-21T15:00Z", "50"],
        ["2026-09-21T16:00Z", "0"],
        ["2026-09-21T17:00Z", "100"],
        ["2026-09-21T18:00Z", "1"],
        ["2026-09-21T19:00Z", "0"],
    ]
    bars = [row[29:].strip() for row in rows]
    assert [len(bar) for bar in bars] == [26, 0, 51, 1, 0]
    assert set("".join(bars)) <= set("█▏▎▍▌▋▊▉")
    assert max(map(len, (head, *rows))) == 80


def test_what_is_told_apart_has_a_column_each_and_the_bar_is_for_all(
    shown: Callable[[], list[str]],
) -> None:
    """The largest first; what a bucket has none of is 0."""
    found = [*figures(1, 2, type="image"), *figures(9, 0, type="text")]
    print_buckets(SENT, found, DAY)
    head, first, second, *_ = shown()
    assert head.split() == ["HOUR", "text", "image", "MESSAGES"]
    assert first.split()[1:4] == ["9", "1", "10"]
    assert second.split()[1:4] == ["0", "2", "2"]
    assert len(first) == 80


def test_quantiles_stand_side_by_side(shown: Callable[[], list[str]]) -> None:
    """Their sum would say nothing, so the bar is for the one in nine of ten."""
    found = [
        figure
        for quantile, value in (("0.5", 1.234567), ("0.9", 20.5), ("0.99", 4000.4))
        for figure in figures(value, name="latency.read", quantile=quantile)
    ]
    print_buckets(LATENCY, found, DAY)
    head, first, *_ = shown()
    assert head.split() == ["HOUR", "0.5", "0.9", "0.99"]
    assert first.split()[1:4] == ["1.23", "20.5", "4000"]
    assert len(first) <= 80


def test_a_bucket_in_which_nothing_was_measured_has_no_quantiles(
    shown: Callable[[], list[str]],
) -> None:
    """They are not 0."""
    print_buckets(LATENCY, figures(1, 0, name="latency.read", quantile="0.9"), DAY)
    _, first, second, *_ = shown()
    assert len(first.split()) == 3
    assert second == "2026-09-21T15:00Z"


def test_what_there_is_no_room_for_is_left_to_json(
    shown: Callable[[], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The largest are shown. The bar and the last column have them all."""
    found = [each for at in range(1, 9) for each in figures(at, type=f"type{at}")]
    print_buckets(SENT, found, DAY)
    captured = capsys.readouterr()
    head, first, *_ = captured.out.splitlines()
    names = head.split()[1:-1]
    assert names == [f"type{at}" for at in range(8, 8 - len(names), -1)]
    assert len(names) in range(2, 7)
    assert first.split()[len(names) + 1] == "36"
    assert first.rstrip().endswith("█")
    assert f"{8 - len(names)} more values" in captured.err


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(
    columns: int, terminal: Callable[[int], None], shown: Callable[[], list[str]]
) -> None:
    terminal(columns)
    found = [each for at in range(1, 9) for each in figures(10**at, 3, type=f"type{at}")]
    print_buckets(SENT, found, DAY)
    assert max(map(len, shown())) <= columns
    print_metrics({SENT: found}, DAY)
    assert max(map(len, shown())) <= columns


def test_peaks_of_parts_are_not_added_up(shown: Callable[[], list[str]]) -> None:
    """They were at different times. The bar is of the largest."""
    name = "presence.peak"
    apart = [*figures(4, 5, name=name, platform="ios"), *figures(3, 7, name=name, platform="web")]
    print_buckets(METRICS[name], apart, Period(Size.HOUR, START, START + 2 * HOUR))
    head, *rows = shown()
    assert head.split() == ["HOUR", "web", "ios"]
    assert [row.split()[1:3] for row in rows] == [["3", "4"], ["7", "5"]]
    assert [row.count("█") for row in rows] == [29, 51]
    print_buckets(METRICS[name], figures(6, name=name), Period(Size.HOUR, START, START + HOUR))
    head, row = shown()
    assert (head.split(), row.split()[1]) == (["HOUR", "SESSIONS"], "6")


def test_what_has_no_utf_8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars of # and lines of heights that any terminal has."""
    written = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", written)
    print_buckets(SENT, figures(50, 100), DAY)
    print_metrics({SENT: figures(50, 0, 100)}, DAY)
    written.flush()
    text = written.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "#" * 51 in text
    assert "=_#" in text


def test_each_metric_has_a_line_with_its_course(shown: Callable[[], list[str]]) -> None:
    """What it came to, unless each bucket counts by itself; the most; and what is told in part."""
    found = {
        SENT: figures(1, 0, 7),
        METRICS["users.active"]: figures(2, 2, name="users.active"),
        LATENCY: figures(3, name="latency.read", quantile="0.9"),
    }
    print_metrics(found, DAY)
    head, *rows = shown()
    assert head.split() == ["METRIC", "TOTAL", "MOST", "BY", "HOUR"]
    assert [row.split() for row in rows] == [
        ["messages.sent", "8", "7", "▂▁█▁▁▁"],
        ["users.active", "2", "██▁▁▁▁"],
        ["latency.read", "(0.9)", "*", "3", "█▁▁▁▁▁"],
    ]


def test_more_buckets_than_columns_keep_their_peaks(shown: Callable[[], list[str]]) -> None:
    """A minute that had more than all others is seen among a thousand."""
    minutes = Period(Size.MINUTE, START, START + 17 * HOUR)
    found = [Figure(START + 5 * HOUR, Size.MINUTE, None, "messages.sent", {}, 9)]
    print_metrics({SENT: found}, minutes)
    _, row = shown()
    assert row.count("█") == 1
    assert len(row) <= 80


@pytest.mark.parametrize(
    "value, text",
    [(0, "0"), (12, "12"), (3.0, "3"), (0.01234, "0.0123"), (99.96, "100"), (123.4, "123")],
)
def test_a_number_has_three_digits_that_say_most(value: float, text: str) -> None:
    """Whole ones have all of theirs."""
    assert number(value) == text
