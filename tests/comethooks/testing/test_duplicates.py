"""A body that comes again is recognised, as in a service; what is made up is another event each
time.
"""

from typing import Any

import pytest

from comethooks import Context, Event, Plugin, samples
from comethooks.testing import Harness, HarnessError


@pytest.fixture
def seen() -> list[str]:
    """The ids of the events that `plugin` gets."""
    return []


@pytest.fixture
def plugin(seen: list[str]) -> Plugin:
    """Takes everything but what is about groups."""
    plugin = Plugin("everything")

    @plugin.on("message*", "user*")
    def take(event: Event, ctx: Context) -> None:
        seen.append(event.id)

    return plugin


def body_of(harness: Harness, trigger: str, **said: Any) -> bytes:
    """A body that was not delivered to `plugin`."""
    return harness.deliver(Plugin("nobody"), trigger, allow_unhandled=True, **said).event.raw


def test_a_body_that_comes_again_is_a_duplicate(
    harness: Harness, plugin: Plugin, seen: list[str]
) -> None:
    """It has the event of the first one and no run; also when it is not the same to the byte."""
    raw = body_of(harness, "message_sent")
    first = harness.deliver(plugin, body=raw)
    again = harness.deliver(plugin, body=raw)
    spaced = harness.deliver(plugin, body=raw.replace(b'":', b'" : '))
    assert [each.duplicate for each in (first, again, spaced)] == [False, True, True]
    assert (again.event, again.runs, again.status) == (first.event, (), "done")
    assert seen == [first.event.id]
    with pytest.raises(HarnessError, match=f"nothing ran: it repeats {first.event.id}"):
        _ = again.run


def test_a_duplicate_that_nobody_wants_is_no_error(harness: Harness, plugin: Plugin) -> None:
    """Whether it was wanted was said when it came first."""
    raw = body_of(harness, "group_created")
    harness.deliver(plugin, body=raw, allow_unhandled=True)
    again = harness.deliver(plugin, body=raw)
    assert (again.duplicate, again.status) == (True, "unhandled")


def test_another_plugin_has_not_seen_it(harness: Harness, plugin: Plugin, seen: list[str]) -> None:
    """What each is given is told apart."""
    raw = body_of(harness, "message_sent")
    other = Plugin("other")
    other.on("message_sent")(taking(seen))
    assert not harness.deliver(plugin, body=raw).duplicate
    assert not harness.deliver(other, body=raw).duplicate


def taking(seen: list[str]) -> Any:
    """A handler that does what the other one does."""

    def take(event: Event, ctx: Context) -> None:
        seen.append(event.id)

    return take


@pytest.mark.parametrize(("trigger", "seconds"), [("user_blocked", 60), ("message_sent", 86_400)])
def test_it_is_recognised_as_long_as_in_a_service(
    harness: Harness, plugin: Plugin, trigger: str, seconds: int
) -> None:
    """A key without a time in it, for a minute: blocking somebody again is another event."""
    raw = body_of(harness, trigger)
    harness.deliver(plugin, body=raw)
    harness.clock.advance(seconds - 1)
    assert harness.deliver(plugin, body=raw).duplicate
    harness.clock.advance(1)
    assert not harness.deliver(plugin, body=raw).duplicate


@pytest.mark.parametrize(
    "trigger", [name for name in samples.table() if name.startswith("message_")]
)
def test_what_is_made_up_is_another_event(
    harness: Harness, plugin: Plugin, seen: list[str], trigger: str
) -> None:
    """Even about the same message: it happens a second later."""
    for _ in range(2):
        delivered = harness.deliver(plugin, trigger, set={"webhook": "w"})
        assert not delivered.duplicate
    assert len(set(seen)) == 2


def test_a_time_that_the_test_says_stays(harness: Harness, plugin: Plugin) -> None:
    """Then it is the same event when all else is, whatever the clock says."""
    message = {"id": "7", "sender": "ada", "receiver": "crew", "receiverType": "group"}
    message |= {"category": "message", "type": "text", "sentAt": 1_767_225_599}
    first, again, other = (
        harness.deliver(plugin, "message_sent", set={"data.message": {**message, "data": data}})
        for data in ({"text": "one"}, {"text": "one"}, {"text": "two"})
    )
    assert (first.duplicate, again.duplicate, other.duplicate) == (False, True, False)
