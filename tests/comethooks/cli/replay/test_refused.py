"""`--refused` of `comethooks replay plan` and `replay run`: refusals that fit the schemas now."""

import pytest

from comethooks.cli.replay.refused import event_id_of
from comethooks.workers.journal import Filter, Outcome
from comethooks.workers.streams import backlog
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import read_layouts
from tests.bodies import body
from tests.comethooks.cli.conftest import Command
from tests.webhooks.samples import message, raw


def waiting(command: Command):
    """The events that wait in streams."""
    client = connect(command.environ["REDIS_URL"])
    entries = backlog.entries(client, read_layouts(client).numbers)
    return (entry.record for entry in entries if entry.record.kind == "event")


def test_what_fits_now_becomes_a_late_event_once(command, store):
    """With its old time; what does not fit still does not."""
    fits = store.settle(store.refused())
    store.settle(store.refused(body=b'{"trigger": "message_sent", "data": 1}'))
    (tried,) = command.json("replay", "plan", "--refused")
    assert tried == {"accepted": 1, "duplicates": 0, "refused": 1, "dry_run": True}
    assert command.json("replay", "run", "--refused", "--dry-run") == [tried]
    assert list(waiting(command)) == []
    (found,) = command.json("replay", "run", "--refused", "--yes")
    assert found == {"accepted": 1, "duplicates": 0, "refused": 1, "dry_run": False}
    (event,) = waiting(command)
    assert (event.id, event.received_at, event.body) == (
        event_id_of(fits.id),
        fits.received_at,
        fits.body,
    )
    assert [each.event_id for each in store.journal.requests(Filter(outcome=Outcome.REFUSED))] == [
        None,
        event.id,
    ]
    (again,) = command.json("replay", "run", "--refused", "--yes")
    assert again["accepted"] == 0


def test_what_came_again_and_was_accepted_is_recognised(command, store):
    """By its duplicate key, as always."""
    sent = raw(message(id="57"))
    store.settle(store.refused(body=sent))
    store.settle(store.refused(body=sent))
    (found,) = command.json("replay", "run", "--refused", "--yes")
    assert (found["accepted"], found["duplicates"]) == (1, 1)


def test_the_options_about_requests_narrow_it_down(command, store):
    """Those that a request has."""
    store.settle(store.refused())
    assert (
        command.json("replay", "plan", "--refused", "--trigger", "user_blocked")[0]["accepted"] == 0
    )
    assert (
        "1 would become an event"
        in command("replay", "plan", "--refused", "--since", "2026-09-01").stdout
    )


def test_somebody_has_to_agree(command, store):
    """Where there is no terminal, by --yes."""
    done = command("replay", "run", "--refused")
    assert (done.exit_code, "add --yes" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("verb", "more", "option"),
    [
        ("plan", ("--handler", "welcome.greet"), "--handler"),
        ("plan", ("--conversation", "group_pier"), "--conversation"),
        ("run", ("--file", __file__, "--yes"), "--file"),
        ("run", ("--all", "--yes"), "--all"),
        ("run", ("--rate", "5", "--yes"), "--rate"),
    ],
)
def test_options_about_replays_are_wrong_use(command, store, verb, more, option):
    """It says which."""
    done = command("replay", verb, "--refused", *more)
    assert done.exit_code == 2
    assert f"leave out {option}" in done.stderr


def test_it_needs_no_name(command, store):
    """One that is given is of no use, which is said."""
    store.settle(store.refused())
    done = command("replay", "run", "--refused", "--name", "mended", "--yes")
    assert (done.exit_code, "not needed" in done.stderr) == (0, True)
    assert command.json("replay", "list") == []


def test_a_question_of_moderation_that_fits_now_becomes_an_event(command, store):
    """It was kept in its envelope, which says of which app and rule it is."""
    store.settle(store.refused(body=raw(body("moderation_requested"))))
    (found,) = command.json("replay", "run", "--refused", "--yes")
    assert found["accepted"] == 1
    (event,) = waiting(command)
    assert (event.trigger, event.sender) == ("moderation_requested", "harbor-ada")
