"""`comethooks triggers`: the table of triggers, without a server or a database."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from comethooks.cli import main
from comethooks.schemas import TRIGGERS
from tests.looped import looped


class TestTable:
    def test_has_every_trigger(self, command):
        """In the order of the table, with what it says of each."""
        shown = command("triggers")
        assert [line.split()[0] for line in shown.stdout.splitlines()] == ["TRIGGER", *TRIGGERS]
        assert "comethooks triggers NAME" in shown.stderr
        assert re.search(
            r"^message_read_receipt +receipt.read +legacy, current +receipt$",
            shown.stdout,
            re.MULTILINE,
        )

    @looped("name", [(), *((name,) for name in TRIGGERS)])
    def test_fits_a_pipe_of_120_columns(self, command, name):
        """The list, and every trigger in full."""
        lines = command("triggers", *name).stdout.splitlines()
        assert max(map(len, lines)) <= 120

    @pytest.mark.parametrize(
        ("option", "has", "has_not"),
        [
            ("--legacy", "before_message", "message_sent"),
            ("--current", "message_sent", "before_message"),
        ],
    )
    def test_of_one_generation(self, command, option, has, has_not):
        """The receipts belong to both."""
        found = [entry["trigger"] for entry in command.json("triggers", option)]
        assert has in found
        assert has_not not in found
        assert "message_read_receipt" in found

    def test_as_json(self, command):
        """One object an entry; paths that stand for each other have | between them."""
        found = command.json("triggers")
        assert [entry["trigger"] for entry in found] == list(TRIGGERS)
        (entry,) = (entry for entry in found if entry["trigger"] == "message_reaction_added")
        blocked = next(entry for entry in found if entry["trigger"] == "user_blocked")
        assert blocked["forms"][0]["required"] == ["data.users|data.by"]
        assert {**entry, "forms": []} == {
            "trigger": "message_reaction_added",
            "name": "reaction.added",
            "renamed": {},
            "sent_by": ["current"],
            "in_flight": False,
            "family": "reaction",
            "conversation": "the message's if named, else by user",
            "duplicate_key": (
                "the body but for who is online; without reactedAt the whole body, for minutes"
            ),
            "time": "reactedAt",
            "keep": "keep",
            "forms": [],
        }
        (form,) = entry["forms"]
        assert form["required"] == ["data.reaction.messageId"]
        assert form["subject"]["at"] == "data.reaction.reactedAt"

    @pytest.mark.parametrize("columns", [80, 120, 400])
    def test_fits_a_terminal(self, capsys, terminal, columns):
        """By folding, and by leaving out what is of less use; a trigger stays in one piece."""
        terminal(columns)
        main(["triggers"], standalone_mode=False)
        shown = capsys.readouterr()
        lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.out).splitlines()
        assert max(len(line) for line in lines) <= columns
        assert "email-notification-payload-generated" in shown.out
        assert ("too narrow for: FAMILY" in shown.err) is (columns == 80)

    def test_needs_nothing_to_run(self, tmp_path):
        """Neither settings nor a server: it is a page of documentation."""
        program = shutil.which("comethooks", path=str(sys.prefix) + "/bin")
        assert program is not None
        environ = {"COMETHOOKS_DATA_DIR": "/proc/nowhere", "REDIS_URL": "nonsense"}
        done = subprocess.run(
            [program, "triggers", "user_blocked", "--json"],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        assert json.loads(done.stdout)["trigger"] == "user_blocked"


class TestOne:
    def test_in_full(self, command):
        """Every form, with what it requires and where it says what it is about."""
        shown = command("triggers", "message_edited").stdout
        assert shown.splitlines()[0] == "Trigger message_edited"
        forms = [line for line in shown.splitlines() if line.startswith("Form ")]
        assert forms == ["Form action", "Form nested", "Form flat"]
        assert "required        data.message.data.entities.on.entity.id" in shown
        sender = (
            r"sender +data\.message\.sender\n +or data\.message\.data\.entities\.on\.entity\.sender"
        )
        assert re.search(sender, shown)

    @pytest.mark.parametrize(
        ("trigger", "said"),
        [
            ("message_read_receipt", "but for who is online; without timestamp the whole body,"),
            ("after_feed_item_interacted", "interactedAt or engagedAt or updatedAt"),
            ("user_blocked", "the whole body, for minutes"),
            ("call_ended", "by session"),
            ("after_campaign_completed", "completedAt or updatedAt or createdAt"),
        ],
    )
    def test_says_in_words_what_the_table_of_families_has(self, command, trigger, said):
        """What tells a repeat, a conversation and a time, in the names that the body uses."""
        assert said in command("triggers", trigger).stdout

    def test_in_flight_and_renamed(self, command):
        """What is special about a trigger is said where it is."""
        assert "CometChat waits for the answer" in command("triggers", "before_message").stdout
        assert "message.echo" in command("triggers", "message_sent").stdout
        assert "in flight" not in command("triggers", "message_sent").stdout

    def test_by_its_canonical_name(self, command):
        """All that have it, or may have it."""
        found = [entry["trigger"] for entry in command.json("triggers", "user.presence")]
        assert found == [
            name for name, entry in TRIGGERS.items() if entry.canonical == "user.presence"
        ]
        assert [entry["trigger"] for entry in command.json("triggers", "message.echo")] == [
            "message_sent"
        ]
        shown = command("triggers", "user.presence", "--legacy").stdout
        assert shown.count("Trigger ") == 2

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("mesage_sent",), "did you mean message_sent"),
            (
                ("message_sent", "--legacy"),
                "no trigger and no canonical name is 'message_sent' here",
            ),
            (("xyzzy",), "comethooks triggers lists those that there are"),
        ],
    )
    def test_that_is_not_there_is_a_failure(self, command, arguments, said):
        """With what might have been meant."""
        done = command("triggers", *arguments)
        assert done.exit_code == 1
        assert said in done.stderr
