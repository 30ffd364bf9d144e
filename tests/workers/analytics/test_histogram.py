"""How exact quantiles are."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comethooks.workers.analytics.histogram import ERROR, bin_of, quantiles

DURATIONS = st.lists(st.integers(0, 10**9), min_size=1, max_size=60)
WANTED = (0.5, 0.9, 0.99)


@given(DURATIONS)
def test_a_quantile_is_wrong_by_two_percent_at_most(durations: list[int]) -> None:
    """Of milliseconds up to eleven days, and of none at all."""
    found = quantiles(Counter(map(bin_of, durations)), WANTED)
    ordered = sorted(durations)
    for q, value in zip(WANTED, found, strict=True):
        exact = ordered[max(1, ceil(q * len(ordered))) - 1]
        assert value == pytest.approx(exact, rel=ERROR * 1.0001)


@given(DURATIONS, DURATIONS)
def test_two_are_merged_by_adding_up(some: list[int], more: list[int]) -> None:
    """It gives what measuring all at once would have given."""
    merged = Counter(map(bin_of, some)) + Counter(map(bin_of, more))
    assert quantiles(merged, WANTED) == quantiles(Counter(map(bin_of, some + more)), WANTED)
