"""`--trigger` means the same wherever it stands: triggers, canonical names and wildcards."""

from collections.abc import Callable

import pytest

from comethooks.workers.journal.times import iso
from comethooks.workers.plugins.published import HeldPlugin, PluginState, publish
from comethooks.workers.record import Record
from comethooks.workers.states import RunState
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import START, Store, run
from tests.redis_server import RedisServer

EVERYWHEN = ("--since", iso(START - 60_000), "--until", iso(START + 60_000))
LISTINGS = [
    ("events", "list"),
    ("events", "tail", *EVERYWHEN),
    ("requests", "list"),
    ("runs", "list"),
    ("drift",),
]


@pytest.fixture
def reaction(store: Store) -> Record:
    """A reaction among messages, with a run and something unexpected in it."""
    of_reaction = {"trigger": "message_reaction_added", "name": "reaction.added"}
    drift = {"drift": (("unknown field", "data.new"),)}
    store.journalled(run(), **drift)
    store.journalled(run(), trigger="user_blocked", name="user.blocked", **drift)
    return store.journalled(run(), **of_reaction, **drift)


def ids(found: list[dict[str, str]]) -> set[str]:
    """The events that lines of any listing are about."""
    return {each.get("example_id") or each.get("event_id") or each["id"] for each in found}


@pytest.mark.parametrize("listing", LISTINGS, ids=" ".join)
@pytest.mark.parametrize(
    "pattern", ["message_reaction_added", "reaction.added", "*reaction*", "reaction.a*"]
)
def test_every_listing_takes_triggers_canonical_names_and_wildcards(
    command: Command, reaction: Record, listing: tuple[str, ...], pattern: str
) -> None:
    assert ids(command.json(*listing, "--trigger", pattern)) == {reaction.id}


@pytest.mark.parametrize("pattern", ["reaction.added", "*reaction*"])
def test_an_export_takes_them(command: Command, reaction: Record, pattern: str) -> None:
    exported = command("events", "export", "--trigger", pattern).stdout
    assert [reaction.id in line for line in exported.splitlines()] == [True]


@pytest.mark.parametrize("pattern", ["message.sent", "message.s*"])
def test_replays_take_them(
    command: Command, store: Store, folder: Callable[[str, str], object], pattern: str
) -> None:
    folder(
        "counting.py",
        """
        from comethooks import Plugin

        plugin = Plugin("counting")

        @plugin.on("*", replay="safe")
        def count(event, ctx):
            pass
        """,
    )
    store.journalled()
    store.journalled(trigger="user_blocked", name="user.blocked")
    assert command.json("replay", "plan", "--trigger", pattern)[0]["events"] == 1


@pytest.mark.parametrize("pattern", ["reaction.added", "*reaction*"])
def test_actions_take_them(command: Command, store: Store, pattern: str) -> None:
    dead = run(state=RunState.DEAD)
    store.journalled(dead)
    meant = store.journalled(dead, trigger="message_reaction_added", name="reaction.added")
    chosen = ("--trigger", pattern, "--yes")
    assert command.json("runs", "dismiss", *chosen) == [{"matched": 1, "changed": 1}]
    assert [each["event_id"] for each in command.json("runs", "list", "--state", "dismissed")] == [
        meant.id
    ]


def test_refused_requests_are_found_by_the_canonical_name_of_their_trigger(
    command: Command, store: Store
) -> None:
    """They have none themselves; both in the journal and while they wait."""
    journalled = store.settle(store.refused())
    waiting = store.refused()
    store.streams.accept(waiting, duplicate_key=b"", has_time=False)
    store.settle(store.refused(trigger="user_blocked"))
    found = command.json("requests", "list", "--trigger", "message.sent")
    assert [each["id"] for each in found] == [waiting.id, journalled.id]


@pytest.mark.parametrize("listing", LISTINGS, ids=" ".join)
def test_one_that_fits_nothing_says_so_and_names_near_ones(
    command: Command, store: Store, listing: tuple[str, ...]
) -> None:
    """It may be a trigger that came later than this version, so it is not wrong use."""
    done = command(*listing, "--trigger", "mesage_sent")
    assert (done.exit_code, done.stdout) == (0, "")
    assert 'no trigger of CometChat\'s that is known here fits "mesage_sent"' in done.stderr
    assert "did you mean message_sent" in done.stderr


@pytest.mark.parametrize("pattern", ["message_*", "message.echo", "tickets:opened"])
def test_one_that_fits_something_says_nothing(command: Command, store: Store, pattern: str) -> None:
    """Nor one of another source, whose triggers this version cannot know."""
    assert "known here" not in command("events", "list", "--trigger", pattern).stderr


@pytest.mark.parametrize("pattern", ["greeter.greeted", "far.*"])
def test_one_of_a_plugin_that_is_here_or_at_work_says_nothing(
    command: Command,
    store: Store,
    folder: Callable[[str, str], object],
    redis_server: RedisServer,
    pattern: str,
) -> None:
    """What plugins emit has names that only they know; no code of a plugin runs for that."""
    folder("greeter.py", "raise AssertionError")
    with redis_server.client() as client:
        publish(client, "host|boot|1", [HeldPlugin("far", PluginState.LOADED, "/far.py", "1")])
    assert command("events", "list", "--trigger", pattern).stderr == (
        "No events found. To send one: comethooks send after_message\n"
    )


def test_one_that_nothing_could_ever_fit_is_wrong_use(command: Command) -> None:
    done = command("events", "list", "--trigger", " ")
    assert done.exit_code == 2
    assert "--trigger" in done.stderr
