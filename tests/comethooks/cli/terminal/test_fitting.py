"""Columns get as much of a width as there is; what is of least use goes first."""

import pytest

from comethooks.cli.terminal.fitting import SHORT, Need, fitted, id_length, shortened

FIXED, FOLDS, SPARE, JUMPS = Need(10, 10), Need(40, 12), Need(8, 8, spare=1), Need(20, 10, 0, True)


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (100, {0: 10, 1: 40, 2: 8, 3: 20}),  # all of it: 78, and three gaps of 2
        (84, {0: 10, 1: 40, 2: 8, 3: 20}),
        (83, {0: 10, 1: 39, 2: 8, 3: 20}),
        (56, {0: 10, 1: 12, 2: 8, 3: 20}),
        (55, {0: 10, 1: 21, 2: 8, 3: 10}),
        (46, {0: 10, 1: 12, 2: 8, 3: 10}),
        (45, {0: 10, 1: 21, 3: 10}),
        (20, {0: 10, 1: 12, 3: 10}),  # what has to stay is wider than the terminal
    ],
)
def test_columns_fold_then_jump_then_go(width: int, widths: dict[int, int]) -> None:
    needs = dict(enumerate((FIXED, FOLDS, SPARE, JUMPS)))
    assert fitted(needs, width) == widths


def test_ids_are_shortened_to_what_tells_them_apart() -> None:
    """And no further than to what other ids hardly ever begin with."""
    one, other = "01a0c450-6c00-744e-8fe8-000000000001", "01a0c450-6c00-744e-8fe8-100000000001"
    assert id_length([]) == id_length([one]) == id_length([one, one]) == SHORT
    length = id_length([one, other])
    assert shortened(one, length) == "01a0c450-6c00-744e-8fe8-0"
    assert shortened(one) == "01a0c450-6c00-744e"
