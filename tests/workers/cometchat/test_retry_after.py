"""How long an answer asks to wait, in the ways in which servers and proxies say it."""

import httpx
import pytest

from comethooks.workers.cometchat.retry_after import LONGEST_SECONDS, pause_in, retry_after, spread

NOW = 1_800_000_000
"""Fri, 15 Jan 2027 08:00:00 GMT, in seconds."""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "15"}, 15.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "Fri, 15 Jan 2027 08:01:30 GMT"}, 90.0),
        ({"Retry-After": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"Retry-After": "99999999"}, LONGEST_SECONDS),
        ({"Retry-After": "1e400"}, LONGEST_SECONDS),
        ({"Retry-After": "soon", "X-Rate-Limit-Reset": f"{NOW + 20}"}, 20.0),
        ({"X-RateLimit-Reset": f"{NOW + 30}"}, 30.0),
        ({"X-RateLimit-Reset": f"{NOW - 30}"}, 0.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_it_is_a_number_a_date_or_the_end_of_the_minute(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Never below 0 and never above an hour; what is none of these says nothing."""
    given = httpx.Headers([(name, value.encode()) for name, value in headers.items()])
    assert retry_after(given, lambda: NOW * 1000) == seconds


def test_who_was_sent_away_together_does_not_come_together() -> None:
    """Never earlier than was asked for."""
    assert (spread(10.0, lambda: 0.0), spread(10.0, lambda: 0.5)) == (10.0, 12.5)


class TestPause:
    """For how long nobody is to call, by an answer to one of us."""

    @pytest.mark.parametrize(
        ("status", "headers", "expected"),
        [
            (429, {"Retry-After": "15"}, 15),
            (429, {"X-RateLimit-Reset": "1030"}, 30),
            (429, {}, None),
            (200, {}, None),
            (200, {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "1030"}, None),
            (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}, 30),
            (200, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "1040"}, 40),
            (200, {"X-Rate-Limit-Remaining": "soon", "X-Rate-Limit-Reset": "1040"}, None),
            (200, {"X-Rate-Limit-Remaining": "0"}, None),
            (503, {"Retry-After": "15"}, None),
        ],
    )
    def test_after_a_429_and_after_the_last_call(
        self, status: int, headers: dict[str, str], expected: float | None
    ) -> None:
        """In both spellings."""
        assert pause_in(status, headers, lambda: 1_000_000) == expected
