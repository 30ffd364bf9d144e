"""What a handler says of its runs that fail: whether there is another attempt, and when."""

import dataclasses
import math
from typing import Any

import pytest

from comethooks.workers.plugins.retry import (
    LONGEST_WAIT_SECONDS,
    Retry,
    RetryLater,
    Stop,
    next_attempt,
)


def always(value: float) -> Any:
    return lambda: value


class TestRetry:
    def test_it_cannot_be_changed_and_has_no_order(self) -> None:
        """Several handlers may share one, and nobody remembers which number comes first."""
        with pytest.raises(dataclasses.FrozenInstanceError):
            Retry().attempts = 3  # type: ignore[misc]
        with pytest.raises(TypeError):
            Retry(3)  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("values", "problem"),
        [
            ({"attempts": 0}, "attempts=0: write how many attempts"),
            ({"attempts": -1}, "the first one included: Retry(attempts=5)"),
            ({"attempts": 2.0}, "attempts=2.0"),
            ({"attempts": True}, "attempts=True"),
            ({"attempts": None}, "attempts=None"),
            ({"base": 0}, "base=0: write a number of seconds above 0: Retry(base=60)"),
            ({"base": -1.0}, "base=-1.0"),
            ({"base": math.nan}, "base=nan"),
            ({"base": "1s"}, "base='1s'"),
            ({"base": True}, "base=True"),
            ({"cap": math.inf}, "cap=inf: write a number of seconds above 0: Retry(cap=60)"),
            ({"cap": 10**400}, "cap=1000"),
            (
                {"cap": 0.5},
                "base=1.0, cap=0.5: the wait cannot begin above its cap: Retry(base=0.5, cap=1.0)",
            ),
            ({"base": 4000}, "base=4000, cap=3600.0"),
            ({"jitter": 0.5}, "jitter=0.5: write jitter=True or jitter=False"),
        ],
        ids=repr,
    )
    def test_what_cannot_be_used_is_refused_with_what_to_write(
        self, values: dict[str, Any], problem: str
    ) -> None:
        """At once, and not when the first run fails."""
        with pytest.raises(ValueError) as caught:
            Retry(**values)
        assert problem in str(caught.value)

    @pytest.mark.parametrize(
        "values", [{"attempts": 1}, {"base": 5, "cap": 5}, {"base": 0.001}], ids=repr
    )
    def test_the_edges_can_be_used(self, values: dict[str, Any]) -> None:
        """One attempt is no retry, and equal bounds are a steady pace."""
        assert Retry(**values).attempts >= 1


class TestDelay:
    def test_without_jitter_it_doubles_until_the_cap(self) -> None:
        """So that what is down is asked less and less often."""
        retry = Retry(base=2, cap=10, jitter=False)
        assert [retry.delay(attempt) for attempt in (1, 2, 3, 4, 5)] == [2, 4, 8, 10, 10]

    @pytest.mark.parametrize(("drawn", "delay"), [(0.0, 0.0), (0.5, 2.0), (0.999, 3.996)])
    def test_with_jitter_it_is_anything_up_to_that(self, drawn: float, delay: float) -> None:
        """Runs that failed together come again apart."""
        assert Retry(base=2, cap=10).delay(2, always(drawn)) == pytest.approx(delay)

    def test_the_chance_is_real_by_default(self) -> None:
        """Nothing has to be passed in."""
        drawn = {Retry(base=8).delay(1) for _ in range(20)}
        assert len(drawn) > 1
        assert all(0 <= delay <= 8 for delay in drawn)

    @pytest.mark.parametrize("attempt", [64, 1_025, 10**9, 10**30])
    @pytest.mark.parametrize("base", [1, 1.0, 1e-300])
    def test_no_attempt_is_too_late_for_it(self, attempt: int, base: float) -> None:
        """Powers that no number can hold are beyond every cap."""
        assert Retry(base=base, cap=7, jitter=False).delay(attempt) <= 7


class TestRetryLater:
    def test_it_says_when(self) -> None:
        """In the run's error too."""
        assert RetryLater(60).seconds == 60
        assert str(RetryLater(0.5)) == "in 0.5 s"

    @pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "60", None, True, 10**400])
    def test_what_is_no_time_to_wait_is_refused(self, seconds: Any) -> None:
        """Then the run fails by that error, whose traceback has the line."""
        with pytest.raises(ValueError, match="write a number of seconds, 0 or more"):
            RetryLater(seconds)


class TestNextAttempt:
    def test_without_retry_there_is_none(self) -> None:
        """Whether a handler may run twice is its author's to say."""
        assert next_attempt(None, 1, ValueError()) is None

    def test_with_retry_there_is_until_they_are_used_up(self) -> None:
        """The first attempt is one of them."""
        retry = Retry(attempts=3, base=2, jitter=False)
        assert [next_attempt(retry, attempt, ValueError()) for attempt in (1, 2, 3, 4)] == [
            2,
            4,
            None,
            None,
        ]
        assert next_attempt(Retry(attempts=1), 1, ValueError()) is None

    def test_chance_is_passed_on(self) -> None:
        """So that a test can tell what comes."""
        assert next_attempt(Retry(base=2), 1, ValueError(), random=always(0.25)) == 0.5

    def test_what_is_no_exception_of_the_usual_kind_is_retried_too(self) -> None:
        """A handler that took too long is ended by a BaseException."""
        assert next_attempt(Retry(), 1, KeyboardInterrupt()) is not None

    @pytest.mark.parametrize("retry", [None, Retry()])
    def test_stop_ends_it(self, retry: Retry | None) -> None:
        """Whatever was declared."""
        assert next_attempt(retry, 1, Stop("why")) is None

    def test_retry_later_decides_when(self) -> None:
        """Also above the cap, which is for waits that nobody asked for."""
        assert next_attempt(Retry(cap=10), 1, RetryLater(60)) == 60
        assert next_attempt(Retry(cap=10), 1, RetryLater(0)) == 0

    def test_retry_later_counts_as_an_attempt(self) -> None:
        """It cannot go on for ever."""
        assert next_attempt(Retry(attempts=2), 2, RetryLater(60)) is None

    def test_retry_later_without_retry_gets_the_usual_number(self) -> None:
        """Raising it is declaration enough."""
        attempts = [next_attempt(None, attempt, RetryLater(60)) for attempt in range(1, 7)]
        assert attempts == [60, 60, 60, 60, None, None]

    @pytest.mark.parametrize(
        ("retry", "error"),
        [(None, RetryLater(1e300)), (Retry(base=1e300, cap=1e300, jitter=False), ValueError())],
    )
    def test_it_is_never_further_away_than_a_date_can_be(
        self, retry: Retry | None, error: Exception
    ) -> None:
        """The seconds may come from a header that somebody else has written."""
        assert next_attempt(retry, 1, error) == LONGEST_WAIT_SECONDS

    @pytest.mark.parametrize("seconds", [None, "60", -1, math.nan])
    def test_a_class_below_retry_later_without_seconds_is_like_any_other_error(
        self, seconds: Any
    ) -> None:
        """It must not break what runs the handlers."""

        class Busy(RetryLater):
            def __init__(self) -> None:
                if seconds is not None:
                    self.seconds = seconds

        assert next_attempt(None, 1, Busy()) is None
        assert next_attempt(Retry(base=2, jitter=False), 1, Busy()) == 2
