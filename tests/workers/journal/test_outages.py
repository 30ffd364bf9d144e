"""A journal that is away: said once, waited for, and tried again neither too often nor for ever."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from comethooks.workers.journal import JournalOutage, JournalRefusedError, JournalUnavailableError
from comethooks.workers.processes import StopFlag


def away(times: int, stop: StopFlag | None = None) -> Callable[[], str]:
    """A use of the journal that finds it away so often, and asks to stop at the last time."""
    left = iter(range(times, 0, -1))

    def use() -> str:
        count = next(left, 0)
        if count == 1 and stop is not None:
            stop.set()
        if count:
            raise JournalUnavailableError("locked")
        return "done"

    return use


def test_it_is_said_once_that_it_is_away_and_once_that_it_is_back() -> None:
    """However often it was tried in between; and whoever has to know is told of the end."""
    ended: list[bool] = []
    outage = JournalOutage(on_end=lambda: ended.append(outage.noticed))
    with capture_logs() as logs:
        assert outage.until_it_works(away(3), StopFlag()) == "done"
        assert outage.until_it_works(away(0), StopFlag()) == "done"
    assert [(each["event"], each.get("reason")) for each in logs] == [
        ("the journal cannot be used; trying again", "locked"),
        ("the journal can be used again", None),
    ]
    assert ended == [False]


def test_asked_to_stop_it_raises_what_it_was_told_last() -> None:
    """Who stops must not take what failed for done."""
    stop = StopFlag()
    outage = JournalOutage()
    with pytest.raises(JournalUnavailableError):
        outage.until_it_works(away(2, stop), stop)
    assert outage.noticed


def test_one_who_cannot_wait_is_told_no_and_does_not_ask_again_at_once() -> None:
    """A thread that has other things to look after goes on with those."""
    outage, use = JournalOutage(), away(1)
    assert not outage.try_once(use)
    assert not outage.try_once(lambda: pytest.fail("it was away a moment ago"))
    assert outage.noticed


def test_what_never_works_is_not_waited_for() -> None:
    """Refused rows are refused at the next time, too."""

    def refuse() -> None:
        raise JournalRefusedError("a value")

    for use in (
        JournalOutage().try_once,
        lambda use: JournalOutage().until_it_works(use, StopFlag()),
    ):
        with pytest.raises(JournalRefusedError):
            use(refuse)


def test_texts_of_other_errors_are_not_logged() -> None:
    """What Redis or a socket says may hold anything."""
    with capture_logs() as logs:
        assert not JournalOutage(OSError).try_once(away_with(OSError("planted")))
    assert logs[0]["reason"] == "OSError"


def away_with(error: Exception) -> Callable[[], None]:
    """A use of the journal that raises `error`."""

    def use() -> None:
        raise error

    return use
