"""What handlers are told of a press that its body does not say: by whom, and on which message."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comethooks import Context, InteractionEvent, Plugin
from comethooks.schemas import Event
from comethooks.testing import Harness
from comethooks.workers.handlers.attribution import attributed
from comethooks.workers.handlers.outside import Services
from comethooks.workers.interactions.goals_plugin import plugin as interactions
from comethooks.workers.journal import Journal, JournalError
from tests.workers.interactions.bodies import APP, GROUP, MESSAGE, message, press


def authors(*, seen: list[tuple[str | None, str | None, tuple[str, ...]]]) -> Plugin:
    """A plugin that notes what it is told of presses."""
    plugin = Plugin("authors")

    @plugin.on("interaction.received")
    def pressed(event: InteractionEvent, ctx: Context) -> None:
        told = event.interaction
        seen.append((told.user, told.user_from, told.problems))

    return plugin


@pytest.fixture
def harness() -> Iterator[Harness]:
    """Delivers events."""
    with Harness() as made:
        yield made


def told(harness: Harness, body: dict[str, Any]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """What a handler is told of a press: its user, how that is known, and what is missing."""
    seen: list[tuple[str | None, str | None, tuple[str, ...]]] = []
    assert harness.deliver(authors(seen=seen), body=body).status == "done"
    return seen[-1]


NOBODY = (None, None, ("it does not say who pressed",))


def test_in_a_conversation_of_two_the_receiver_is_the_only_possible_user(harness: Harness) -> None:
    """Once the message was seen; until then nobody knows."""
    assert told(harness, press(user=None)) == NOBODY
    harness.deliver(interactions, body=message())
    assert told(harness, press("name", user=None)) == ("omar", "only possible", ())


def test_whom_the_body_names_is_the_user(harness: Harness) -> None:
    """Whoever else is possible."""
    harness.deliver(interactions, body=message())
    assert told(harness, press(user="eve")) == ("eve", "interactedBy", ())


@pytest.mark.parametrize("shown", [{"group": GROUP}, {"allowSenderInteraction": True}])
def test_where_several_are_possible_nobody_is_named(harness: Harness, shown: Any) -> None:
    """In a group, and where the sender may press as well."""
    harness.deliver(interactions, body=message(**shown))
    assert told(harness, press(user=None)) == NOBODY


MUID = f"muid-{MESSAGE}"


def on_message(harness: Harness, url: str, body: dict[str, Any]) -> tuple[str | None, ...]:
    """What a handler is told of a press at a URL: its message, the muid of that, and its user."""
    seen: list[tuple[str | None, ...]] = []
    plugin = Plugin("buttons")

    @plugin.on("interaction.received")
    def pressed(event: InteractionEvent, ctx: Context) -> None:
        told = event.interaction
        seen.append((told.message_id, told.muid, told.user))

    assert harness.interactions.press(plugin, url, body=body).status == "done"
    return seen[-1]


def test_the_message_of_a_muid_is_known_once_it_was_seen(harness: Harness) -> None:
    """Only as it came then: what the body says is no proof of it."""
    url = harness.interactions.url(app=APP, muid=MUID)
    assert on_message(harness, url, press(message="66")) == (None, MUID, "omar")
    harness.deliver(interactions, body=message())
    assert on_message(harness, url, press("name", message="66")) == (MESSAGE, MUID, "omar")
    nobodys = press("age", user=None)
    assert on_message(harness, url, nobodys) == (MESSAGE, MUID, "omar")


def test_the_muid_is_one_of_the_app(harness: Harness) -> None:
    """Another app may have a message with the same."""
    harness.deliver(interactions, body=message())
    url = harness.interactions.url(app="another", muid=MUID)
    body = {"data": {"interactedBy": "eve", "interactedElementId": "submit"}}
    assert on_message(harness, url, body) == (None, MUID, "eve")


def test_in_a_group_the_message_is_known_as_well(harness: Harness) -> None:
    """And nobody is named whom the press does not name."""
    url = harness.interactions.url(app=APP, muid=MUID)
    harness.deliver(interactions, body=message(group=GROUP))
    assert on_message(harness, url, press(user=None)) == (MESSAGE, MUID, None)


def test_the_journal_is_looked_into_for_such_presses_alone(tmp_path: Path) -> None:
    """Whatever else comes in costs no query: here there is not even a table."""
    journal = Journal.open(f"sqlite:///{tmp_path}/empty.db")
    unused: Any = None
    services = Services(unused, unused, unused, interactions=journal.interactions)
    with Harness() as harness:
        plugin = authors(seen=[])
        events: list[Event] = [
            harness.deliver(plugin, body=body, allow_unhandled=True).event
            for body in (message(), press(), press("name", user=None))
        ]
    assert [attributed(each, services) for each in events[:2]] == events[:2]
    with pytest.raises(JournalError):
        attributed(events[2], services)
