"""Charts of characters: bars, and lines of heights."""

import io

import pytest

from comethooks.cli.terminal.charts import bar, has_blocks, joined, line


@pytest.mark.parametrize(
    "value, blocks, ascii_only",
    [
        (100, "██████████", "##########"),
        (50, "█████", "#####"),
        (55, "█████▌", "######"),
        (52, "█████▎", "#####"),
        (0.01, "▏", "."),
        (0, "", ""),
        (1000, "██████████", "##########"),
    ],
)
def test_a_bar_is_as_long_as_its_value_is_large(value: float, blocks: str, ascii_only: str) -> None:
    """Nothing has none, and the least that is more than nothing is seen."""
    assert bar(value, 100, 10, blocks=True) == blocks
    assert bar(value, 100, 10, blocks=False) == ascii_only


def test_there_is_no_bar_without_room_or_without_anything_to_compare_with() -> None:
    assert bar(0, 0, 10, blocks=True) == bar(1, 1, 0, blocks=True) == ""


def test_a_line_rises_with_its_values() -> None:
    """Only nothing is at the bottom, and the most at the top."""
    assert line([0, 1, 50, 100], blocks=True) == "▁▂▅█"
    assert line([0, 1, 50, 100], blocks=False) == "_.=#"
    assert line([0, 0], blocks=True) == "▁▁"
    assert line([], blocks=True) == ""


def test_more_values_than_there_is_room_for_are_joined() -> None:
    """The largest of each so many, so that no peak is lost."""
    assert joined([1, 9, 2, 3, 0, 5, 7], 4) == [9, 3, 5, 7]
    assert joined([1, 2], 4) == [1, 2]
    assert joined([], 4) == joined([1], 0) == []


@pytest.mark.parametrize("encoding, has", [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_block_elements_are_for_streams_that_can_write_them(encoding: str, has: bool) -> None:
    assert has_blocks(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is has
