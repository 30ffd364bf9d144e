"""Durations in bins that grow with them, so that a quantile is wrong by at most 2 %.

Two such histograms are merged by adding up their bins.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from math import ceil, log

ERROR = 0.02
_GROWTH = (1 + ERROR) / (1 - ERROR)
_LOG_GROWTH = log(_GROWTH)
ZERO = -1
"""The bin of what took no time."""


def bin_of(ms: int) -> int:
    """The bin of a duration in milliseconds."""
    return ceil(log(ms) / _LOG_GROWTH) if ms > 0 else ZERO


@cache
def value_of(number: int) -> float:
    """What stands for all durations in a bin, in milliseconds."""
    return 0.0 if number == ZERO else 2 * _GROWTH**number / (_GROWTH + 1)


def quantiles(bins: Mapping[int, int], wanted: Sequence[float]) -> list[float]:
    """The quantiles of the durations in `bins`, which gives how many there are in each.

    The quantile q of n durations is the one in place ⌈q·n⌉, the shortest first. `bins` may not be
    empty.
    """
    numbers = sorted(bins)
    passed = [*accumulate(bins[number] for number in numbers)]
    places = (max(1, ceil(q * passed[-1])) for q in wanted)
    return [value_of(numbers[bisect_left(passed, place)]) for place in places]
