"""`comethooks backfill` brings what the journal lacks, once, and says what that was."""

import json
from typing import Any

import pytest

from comethooks.backfill import patient_pages
from comethooks.backfill.progress_file import ProgressFile
from comethooks.files.importer import Importer
from comethooks.testing.chat_app import ChatApp
from comethooks.workers.clock import now_ms
from comethooks.workers.record import Record, event_of
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.webhooks.samples import message

NOW = now_ms() // 1000
T = NOW - 3600
"""When the first message was sent, in seconds."""
ASKED = ("backfill", "--app", "app1", "--since", "2h", "--rate", "1000")


def listed(number: int, **changes: Any) -> dict[str, Any]:
    """A message of the list, sent at second `number`."""
    data = message(id=str(number), sentAt=T + number, updatedAt=T + number)["data"]
    return {**data, **changes}


def webhook(trigger: str, number: int, **changes: Any) -> dict[str, Any]:
    """The body that tells of it."""
    data = {"message": listed(number, **changes)}
    return {"trigger": trigger, "data": data, "appId": "app1", "webhook": "hook1"}


def kept(store: Store) -> list[Record]:
    return [each.record for each in store.journal.whole_events()]


def names(store: Store) -> list[tuple[str, str | None]]:
    found = []
    for record in kept(store):
        event = event_of(record)
        found.append((event.message.id if event.message else "", record.name))
    return sorted(found)


class TestMissing:
    def test_what_is_missing_comes_and_what_is_there_is_recognised(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """Journalled or waiting, by current webhooks and legacy ones; no handler runs."""
        for number in range(4):
            chat.has_message(listed(number))
        store.settle(store.record(webhook("message_sent", 0)))
        store.accept(message(id="1"))
        [found] = command.json(*ASKED)
        assert (found["fetched"], found["missing"], found["already_there"]) == (4, 2, 2)
        assert names(store) == [
            ("0", "message.sent"),
            ("2", "message.sent"),
            ("3", "message.sent"),
        ]
        assert [event_of(each).backfilled for each in kept(store)] == [False, True, True]
        assert [each.received_at for each in kept(store)[1:]] == [(T + 2) * 1000, (T + 3) * 1000]
        assert not list(store.journal.runs())

    def test_a_second_time_nothing_is_missing(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """What it brought itself is there."""
        chat.has_message(listed(1, editedAt=T + 9))
        command.json(*ASKED)
        [found] = command.json(*ASKED)
        assert (found["missing"], found["already_there"]) == (0, 2)
        assert len(kept(store)) == 2

    def test_an_edit_is_there_if_it_is_the_same(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """A message may have been edited before, too."""
        for number, edited in ((1, T + 50), (2, T + 60)):
            chat.has_message(listed(number, editedAt=edited))
            store.settle(store.record(webhook("message_sent", number)))
            store.settle(store.record(webhook("message_edited", number, editedAt=T + 50)))
        [found] = command.json(*ASKED)
        assert (found["missing"], found["already_there"]) == (1, 3)
        edits = [each.occurred_at for each in kept(store) if each.name == "message.edited"]
        assert sorted(edits) == [(T + 50) * 1000, (T + 50) * 1000, (T + 60) * 1000]

    def test_a_deletion_is_there_whenever_it_was(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """A message is deleted once."""
        for number in (1, 2):
            chat.has_message(listed(number, deletedAt=T + 50))
        store.settle(store.record(webhook("message_deleted", 1, deletedAt=T + 51)))
        [found] = command.json(*ASKED)
        assert (found["missing"], found["already_there"]) == (3, 1)

    def test_members_and_sessions_are_recognised_by_whom_they_are_about(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """Their webhooks name no message; another member at the same time is another event."""
        group = {"guid": "harbour", "updatedAt": T + 1}
        there = {
            "trigger": "group_member_joined",
            "data": {"group": group, "members": {"ben": {"uid": "ben"}}},
            "appId": "app1",
        }
        store.settle(store.record(there, at=(T + 3) * 1000))
        for number, uid in ((1, "ben"), (2, "cy")):
            on = {"entity": {"uid": uid}, "entityType": "user"}
            entities = {"on": on, "for": {"entity": group, "entityType": "group"}}
            told = {"action": "joined", "entities": entities}
            chat.has_message(listed(number, category="action", type="groupMember", data=told))
        [found] = command.json(*ASKED)
        assert (found["missing"], found["already_there"]) == (1, 1)
        [found] = command.json(*ASKED)
        assert (found["missing"], found["already_there"]) == (0, 2)

    def test_what_is_no_event_is_counted_by_kind(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """So that nobody takes it for brought; a row that cannot be used is named, too."""
        chat.has_message(listed(1, category="call", data={"action": "ongoing"}))
        chat.has_message(listed(2, category="action", data={"action": "invited"}))
        chat.messages["3"] = listed(3, id=None)
        done = command(*ASKED)
        assert done.exit_code == 0
        assert "Left out, since no webhook could be made of it: action invited (1)." in done.stderr
        assert "no webhook could be made of it: call ongoing (1)." in done.stderr
        assert "Left out: a message without an id." in done.stderr
        assert "Without an id or a time, or not as a message is: 1." in done.stderr

    def test_only_one_conversation_or_user_is_brought_if_asked_for(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """The others are fetched, and counted apart."""
        chat.has_message(listed(1))
        chat.has_message(listed(2, sender="ben"))
        chat.has_message(listed(3, conversationId="group_crew", receiver="crew"))
        [found] = command.json(*ASKED, "--user", "ada", "--conversation", "group_harbour")
        assert (found["missing"], found["others"]) == (1, 2)
        assert names(store) == [("1", "message.sent")]

    def test_a_dry_run_counts_and_changes_nothing(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """Neither the journal nor where a backfill would begin."""
        chat.has_message(listed(1))
        [found] = command.json(*ASKED, "--dry-run")
        assert (found["missing"], found["dry_run"]) == (1, True)
        assert kept(store) == []
        assert command.json(*ASKED)[0]["missing"] == 1

    def test_it_says_what_cannot_be_fetched(self, command: Command, chat: ChatApp, store: Store):
        """Each time."""
        assert "Receipts, presence, reactions" in command(*ASKED).stderr


class TestReplays:
    def test_it_ends_with_the_command_that_runs_handlers_on_just_these(
        self, command: Command, store: Store, chat: ChatApp, welcome: Any
    ) -> None:
        """Not on what came by its webhook, though that was never handled either."""
        store.settle(store.record(webhook("message_sent", 5), at=(T + 5) * 1000))
        for number in (1, 9):
            chat.has_message(listed(number))
        done = command(*ASKED)
        first, second = done.stdout.splitlines()
        assert first == "Of 2 messages, 2 events were missing; 0 were there already."
        line = second.removeprefix("To run handlers on just these: comethooks ")
        assert line.startswith("replay run --missing --backfilled --app app1 --since ")
        planned = command.json("replay", "plan", *line.split()[2:])
        assert planned[0]["events"] == 2

    def test_it_is_run_at_once_if_it_has_a_name(
        self, command: Command, store: Store, chat: ChatApp, welcome: Any, work: Any, monkeypatch
    ) -> None:
        """As that command would, and it asks what that would ask."""
        chat.has_message(listed(1))
        monkeypatch.setattr("comethooks.cli.replay.running._wait", lambda _, name: work(name))
        done = command(*ASKED, "--replay", "outage", "--yes", "--json")
        assert done.exit_code == 0, done.output
        fetched, replayed = map(json.loads, done.stdout.splitlines())
        assert fetched["missing"] == 1
        assert (replayed["name"], replayed["state"], replayed["events"]) == ("outage", "done", 1)
        [ran] = [run for run in store.journal.runs() if run.attempts]
        assert (ran.handler, ran.replay) == ("welcome.count", "outage")

    def test_a_name_that_is_taken_is_refused_before_anything_is_fetched(
        self, command: Command, store: Store, chat: ChatApp, welcome: Any
    ) -> None:
        """As `replay run` refuses it."""
        store.journalled()
        command("replay", "run", "--all", "--name", "outage", "--yes", "--detach")
        done = command(*ASKED, "--replay", "outage", "--yes")
        assert (done.exit_code, chat.calls) == (2, [])

    def test_only_what_was_fetched_is_listed_with_backfilled(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """By `events list`; blocks know where some are."""
        store.settle(store.record(webhook("message_sent", 5)))
        chat.has_message(listed(1))
        command(*ASKED)
        [found] = command.json("events", "list", "--backfilled")
        assert found["occurred_at"].startswith("20")
        assert len(command.json("events", "list")) == 2


class TestWrongUse:
    @pytest.mark.parametrize(
        ("app", "said"),
        [
            ("nobody", "write COMETHOOKS_APPS=nobody:region:restkey"),
            ("app2", "write COMETHOOKS_APPS=app2:eu:restkey"),
        ],
    )
    def test_an_app_without_a_key_says_what_to_set(
        self, command: Command, store: Store, chat: ChatApp, app: str, said: str
    ) -> None:
        """Unknown, or without."""
        done = command("backfill", "--app", app, "--since", "2h")
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--since", "2h", "--until", "3h"), "--since is not before --until"),
            (("--since", "2999-01-01"), "is in the future"),
            (("--since", "2h", "--replay", "a", "--dry-run"), "--dry-run brings nothing"),
            (("--since", "2000d"), "COMETHOOKS_RETENTION_DAYS"),
        ],
    )
    def test_times_that_cannot_be_meant_are_refused(
        self, command: Command, store: Store, chat: ChatApp, arguments: Any, said: str
    ) -> None:
        """Before anything is asked for."""
        done = command("backfill", "--app", "app1", *arguments)
        assert done.exit_code == 2
        assert said in " ".join(done.stderr.split())
        assert chat.calls == []

    def test_what_is_older_than_retention_needs_a_yes(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """And is warned of."""
        done = command("backfill", "--app", "app1", "--since", "2000d", "--yes")
        assert done.exit_code == 0
        assert "Warning: --since" in done.stderr

    def test_what_is_young_is_left_to_its_webhook(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """Unless --until asks for it."""
        young = listed(1, sentAt=now_ms() // 1000 - 5)
        chat.has_message(young)
        assert command.json(*ASKED)[0]["missing"] == 0
        assert command.json(*ASKED, "--until", "0s")[0]["missing"] == 1

    def test_a_replay_of_what_came_is_named_once_and_of_nothing_is_none(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """Nobody has to type what runs by itself."""
        chat.has_message(listed(1))
        done = command(*ASKED, "--replay", "outage", "--yes")
        assert "1 event was missing" in done.stdout
        assert "To run handlers on just these" not in done.stdout
        done = command(*ASKED, "--replay", "again", "--yes")
        assert (done.exit_code, store.journal.replays.get("again")) == (0, None)
        assert "nothing to run handlers on, and no replay again." in done.stderr

    def test_a_no_of_cometchat_at_once_says_nothing_of_what_came(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """Nothing did."""
        chat.fail(403, code="ERR_FORBIDDEN")
        done = command(*ASKED)
        assert done.exit_code == 1
        assert done.stderr.endswith("CometChat answered 403 (ERR_FORBIDDEN: forbidden).\n")


class TestFailures:
    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_a_no_of_cometchat_ends_it_and_what_came_stays(
        self, command: Command, store: Store, chat: ChatApp, status: int, monkeypatch: Any
    ) -> None:
        """With its code and its message; the same command goes on."""
        for number in range(3):
            chat.has_message(listed(number))
        monkeypatch.setattr("comethooks.cli.backfill.MOST_MESSAGES", 2)
        usual = chat.answer

        def answer(*request: Any) -> Any:
            if len(chat.calls) == 1:
                chat.fail(status, code="AUTH_ERR_APIKEY_NOT_FOUND")
            return usual(*request)

        monkeypatch.setattr(chat, "answer", answer)
        done = command(*ASKED)
        assert done.exit_code == 1
        assert f"CometChat answered {status} (AUTH_ERR_APIKEY_NOT_FOUND: " in done.stderr
        assert "What was fetched stays: 2 events that were missing" in done.stderr
        assert len(kept(store)) == 2
        monkeypatch.setattr(chat, "answer", usual)
        again = command(*ASKED, "--json")
        assert "Goes on where it was ended" in again.stderr
        found = json.loads(again.stdout)
        assert (found["fetched"], found["missing"], found["already_there"]) == (3, 3, 0)

    def test_no_answer_for_ten_minutes_ends_it(
        self, command: Command, store: Store, chat: ChatApp, monkeypatch: Any
    ) -> None:
        """It can be gone on with."""
        monkeypatch.setattr(patient_pages, "PATIENCE_SECONDS", 0.5)
        chat.fail(503, times=100)
        done = command(*ASKED)
        assert done.exit_code == 1
        assert "To go on, give the same command again." in done.stderr

    def test_without_redis_nothing_is_fetched(
        self, command: Command, store: Store, chat: ChatApp
    ) -> None:
        """What waits there would come a second time."""
        chat.has_message(listed(1))
        done = command(*ASKED, REDIS_URL="redis://127.0.0.1:1/0")
        assert done.exit_code == 1
        assert "cannot be recognised without it" in done.stderr
        assert kept(store) == []


@pytest.mark.parametrize("step", range(1, 9))
def test_wherever_it_is_killed_each_comes_once_and_is_counted_once(
    command: Command, store: Store, chat: ChatApp, monkeypatch: Any, step: int
) -> None:
    """Before the journal is written, after it, and before it is noted that it was."""
    for number in range(5):
        chat.has_message(listed(number))
    store.settle(store.record(webhook("message_sent", 3)))
    monkeypatch.setattr("comethooks.cli.backfill.MOST_MESSAGES", 2)
    steps = iter(range(1, 1000))
    write, flush = ProgressFile.write, Importer.flush

    def dying(do: Any) -> Any:
        def done(*arguments: Any) -> None:
            do(*arguments)
            if next(steps) == step:
                raise SystemExit(137)

        return done

    monkeypatch.setattr(ProgressFile, "write", dying(write))
    monkeypatch.setattr(Importer, "flush", dying(flush))
    assert command(*ASKED).exit_code == 137
    [found] = command.json(*ASKED)
    assert (found["fetched"], found["missing"], found["already_there"]) == (5, 4, 1)
    assert names(store) == [(str(number), "message.sent") for number in range(5)]


def test_secrets_are_dropped_if_they_are_to_be(
    command: Command, store: Store, chat: ChatApp
) -> None:
    """As they are of webhooks."""
    secret = {"entity": {"sessionid": "s", "wsChannel": {"secret": "hush-hush"}}}
    data = {"action": "initiated", "entities": {"on": {**secret, "entityType": "call"}}}
    chat.has_message(listed(1, category="call", data=data))
    command(*ASKED, COMETHOOKS_DROP_SECRETS="true")
    [record] = kept(store)
    assert b"hush" not in record.body
