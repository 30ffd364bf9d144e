"""What is said of a Redis that does not answer."""

import io
import threading

import pytest
from redis.exceptions import AuthenticationError, BusyLoadingError, ConnectionError

from comethooks.workers import logs
from comethooks.workers.supervision.redis_outage import telling_when_silent
from tests.waiting import wait_for

URL = "redis://:hush@db:6379/0"


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("json", stream)
    return stream


def test_what_never_ends_is_told_all_the_same(log: io.StringIO) -> None:
    """As when a name server is silent, which no time-out of ours ends; once, and no thread is
    left, since the caller forks.
    """
    before = threading.active_count()
    with telling_when_silent(URL, 0.01):
        wait_for(log.getvalue, "it is told")
        raise ConnectionError("in the end")
    assert log.getvalue().count("waiting for Redis") == 1
    assert '"reason":"TimeoutError: no answer yet"' in log.getvalue()
    assert "hush" not in log.getvalue()
    assert threading.active_count() == before


def test_what_fails_is_told_with_its_reason(log: io.StringIO) -> None:
    with telling_when_silent(URL, 60):
        raise ConnectionError("refused")
    assert '"reason":"ConnectionError: refused"' in log.getvalue()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AuthenticationError("HELLO must be called with …"), "it wants other credentials"),
        (BusyLoadingError("Redis is loading the dataset …"), "it is still loading its data"),
    ],
)
def test_what_redis_says_at_length_is_told_in_a_few_words(
    log: io.StringIO, error: Exception, reason: str
) -> None:
    """Those of doctor."""
    with telling_when_silent(URL, 60):
        raise error
    assert f'"reason":"{reason}"' in log.getvalue()


def test_what_answers_is_not_told(log: io.StringIO) -> None:
    with telling_when_silent(URL, 60):
        pass
    assert log.getvalue() == ""
