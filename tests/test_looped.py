"""Many small cases in one test fail as readably as tests of their own."""

import pytest

from tests.looped import looped


@looped("word, length", [("a", 1), ("bc", 2)])
@looped("times", [1, 2])
def test_every_case_is_tried(word: str, length: int, times: int, record_property: object) -> None:
    """Beside a fixture, and all pairs of two such lists."""
    assert len(word * times) == length * times
    assert callable(record_property)


def test_the_first_that_fails_is_raised_and_all_are_named() -> None:
    @looped("number", range(5))
    def odd(number: int) -> None:
        assert number % 2, "it is even"

    with pytest.raises(AssertionError, match="it is even") as caught:
        odd()
    assert caught.value.__notes__ == [
        "of 5 cases, this is number = 0",
        "2 more fail: 2; 4",
    ]


def test_cases_have_the_names_that_a_test_gives_them() -> None:
    @looped("text, length", [("a", 1), ("b", 2)], ids=str)
    def has(text: str, length: int) -> None:
        if len(text) != length:
            pytest.fail("of another length")

    with pytest.raises(pytest.fail.Exception) as caught:
        has()
    assert caught.value.__notes__ == ["of 2 cases, this is text, length = b 2"]


def test_what_is_long_is_cut() -> None:
    """Bodies are, and a table of a hundred names says no more than one of twenty."""

    @looped("text", ["x" * 1000] * 100)
    def fails(text: str) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match="x") as caught:
        fails()
    assert caught.value.__notes__[1].startswith("99 more fail: 'x")
    assert max(map(len, caught.value.__notes__)) < 2000
