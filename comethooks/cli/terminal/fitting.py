"""How a table fits a width: its columns, their widths, the length of its ids. Pure functions."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

GAP = 2
"""Blanks between two columns."""
SHORT = len("0199f2a4-7c1e-7b3b")
"""Characters of a short id: its millisecond, and 12 random bits."""


class Need(NamedTuple):
    """How wide a column would be, and how narrow it may become.

    It takes any width in between or, if it `jumps`, one of the two. If the table is still too wide,
    the column with the highest `spare` is left out first; a column with 0 stays.
    """

    whole: int
    least: int
    spare: int = 0
    jumps: bool = False


def fitted(needs: Mapping[int, Need], width: int) -> dict[int, int]:
    """The columns that fit into `width` and the width of each, in the order of `needs`.

    If those that have to stay do not fit, the table is wider.
    """
    kept = dict(needs)
    while _total([need.least for need in kept.values()]) > width:
        most = max(kept, key=lambda column: kept[column].spare)
        if not kept[most].spare:
            break
        del kept[most]
    widths = {column: need.least for column, need in kept.items()}
    left = width - _total(widths.values())
    # Those that miss little first: more of them are then whole.
    for column in sorted(kept, key=lambda each: kept[each].whole - kept[each].least):
        missing = kept[column].whole - kept[column].least
        if missing <= left or not kept[column].jumps:
            widths[column] += max(0, min(missing, left))
            left -= min(missing, max(0, left))
    return widths


def id_length(ids: Collection[str]) -> int:
    """The least length, from `SHORT` on, to which `ids` can be shortened and still differ."""
    distinct = set(ids)
    longest = max(map(len, distinct), default=SHORT)
    lengths = range(SHORT, longest)
    return next((each for each in lengths if _differ(distinct, each)), longest)


def shortened(identifier: str, length: int = SHORT) -> str:
    """The beginning of an id; `show` takes it as long as no other id begins so."""
    return identifier[:length].removesuffix("-")


def _differ(ids: Collection[str], length: int) -> bool:
    return len({shortened(each, length) for each in ids}) == len(ids)


def _total(widths: Collection[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)
