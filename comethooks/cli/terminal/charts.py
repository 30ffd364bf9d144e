"""Numbers as bars and as lines of characters, also where there is nothing but ASCII."""

import math
import sys
from collections.abc import Sequence
from typing import TextIO

from rich.bar import END_BLOCK_ELEMENTS, FULL_BLOCK

_HEIGHTS = "▁▂▃▄▅▆▇█"
_ASCII_HEIGHTS = "_.-:=+*#"
_EIGHTHS = 8


def has_blocks(stream: TextIO | None = None) -> bool:
    """Whether block elements can be written to a stream (standard output); else ASCII is drawn."""
    encoding = (sys.stdout if stream is None else stream).encoding or "ascii"
    return encoding.lower().startswith("utf")


def bar(value: float, most: float, width: int, *, blocks: bool) -> str:
    """A bar for `value`, at most `width` characters long, which it is for `most`.

    Nothing is empty, and anything that is more than nothing is seen if there is room.
    """
    if value <= 0 or most <= 0 or width <= 0:
        return ""
    eighths = max(1, round(min(value / most, 1) * width * _EIGHTHS))
    whole, rest = divmod(eighths, _EIGHTHS)
    if blocks:
        return FULL_BLOCK * whole + (END_BLOCK_ELEMENTS[rest] if rest else "")
    return "#" * whole + ("#" if rest >= _EIGHTHS / 2 else "" if whole else ".")


def line(values: Sequence[float], *, blocks: bool) -> str:
    """A character for each of `values`, the higher the larger it is; the lowest is for nothing."""
    heights = _HEIGHTS if blocks else _ASCII_HEIGHTS
    most = max(values, default=0)
    return "".join(heights[_height(value, most)] for value in values)


def _height(value: float, most: float) -> int:
    return 0 if value <= 0 else math.ceil(value / most * (len(_HEIGHTS) - 1))


def joined(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values for `values`: the largest of each so many that stand together."""
    if width <= 0 or not values:
        return []
    step = math.ceil(len(values) / width)
    return [max(values[start : start + step]) for start in range(0, len(values), step)]
