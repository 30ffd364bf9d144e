"""`comethooks interactions list`, `show` and `answers`: who did what with which message."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from comethooks.workers.journal import iso
from comethooks.workers.presses.goals import FormElement, Goal, Trusted
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.workers.interactions.bodies import message as body_of
from tests.workers.journal.interactions.forms import APP, ELEMENTS, NOW, an_id
from tests.workers.journal.interactions.forms import press as a_press
from tests.workers.journal.interactions.forms import seen as a_message

TOKEN = "k1.WyIyMzQ1YWJjIiwiYSIsMTc5MDAwMDAwMF0." + "A" * 43
"""A token of ours, as somebody may enter it."""


def see(store: Store, number: int = 57, **changed: Any) -> None:
    """Show message `number`, sent a second after the one before."""
    known: dict[str, Any] = {
        "message_id": str(number),
        "kind": "form",
        "sent_at": NOW + 1000 * number,
        "tags": ("booking",),
        "wire": body_of()["data"]["message"],
    }
    kept = store.journal.interactions
    shown = replace(a_message(), **{**known, **changed})
    kept.see(shown, by=None, trusted=Trusted.MEMBERS, now=NOW)


def press(store: Store, number: int, *given: Any, message_id: str = "57", **changed: Any) -> None:
    """Tell of a press by event `number`."""
    told = a_press(number, *given, message_id=message_id, **changed)
    kept = store.journal.interactions
    kept.press(told, by=an_id(number), trusted=Trusted.MEMBERS, now=told.received_at)


@pytest.fixture
def pressed(store: Store) -> None:
    """A form that omar completes, and that others press without an effect."""
    facts = a_message().facts
    elements = {**ELEMENTS, "age": FormElement(values=("7", "8"))}
    see(store, facts=replace(facts, elements=elements, goal=Goal("allOf", ("name", "submit"))))
    press(store, 1, "submit", "eve", answers={"name": "Eve"})
    press(store, 2, "submit", answers={"name": "Omar", "age": "9", "other": "x"})
    press(store, 3, "submit", "ines")


class TestListing:
    """The last one sent first."""

    def test_a_row_says_what_a_message_is_and_how_far_it_came(
        self, command: Command, store: Store, pressed: None
    ) -> None:
        """As a table, and as JSON."""
        see(store, 58, app_id="other", kind=None, category="card", wire=None, tags=())
        shown = command("interactions", "list").stdout.splitlines()
        assert shown[0].split() == [
            "SENT", "MESSAGE", "KIND", "TITLE", "GOAL",
            "PRESSES", "USERS", "COMPLETED", "CONVERSATION", "APP",
        ]  # fmt: skip
        assert [line.split()[1:3] for line in shown[1:]] == [["58", "card"], ["57", "form"]]
        assert "Who comes along?  allOf name, submit  3        3      1" in shown[2]
        _, found = command.json("interactions", "list")
        assert found == {
            "app_id": APP,
            "message_id": "57",
            "muid": None,
            "conversation_id": "ines_user_omar",
            "category": "interactive",
            "kind": "form",
            "title": "Who comes along?",
            "tags": ["booking"],
            "sender": "ines",
            "receiver_type": "user",
            "receiver": "omar",
            "goal": {"type": "allOf", "element_ids": ["name", "submit"]},
            "sent_at": iso(NOW + 57_000),
            "deleted": False,
            "presses": 3,
            "users": 3,
            "completed": 1,
        }

    @pytest.mark.parametrize(
        ("arguments", "ids"),
        [
            (("--app", "other"), ["58"]),
            (("--tag", "booking"), ["57"]),
            (("--conversation", "group_crew"), ["58"]),
            (("--since", iso(NOW + 58_000)), ["58"]),
            (("--until", iso(NOW + 58_000)), ["57"]),
            (("--limit", "1"), ["58"]),
            (("--tag", "other"), []),
        ],
    )
    def test_filters(
        self, command: Command, store: Store, arguments: tuple[str, ...], ids: list[str]
    ) -> None:
        """Each by itself."""
        see(store)
        see(store, 58, app_id="other", tags=(), conversation_id="group_crew")
        found = command.json("interactions", "list", *arguments)
        assert [each["message_id"] for each in found] == ids

    def test_more_than_are_shown(self, command: Command, store: Store) -> None:
        """As in other listings."""
        see(store, 57)
        see(store, 58)
        shown = command("interactions", "list", "--limit", "1")
        assert len(shown.stdout.splitlines()) == 2
        assert "there are more" in shown.stderr

    def test_none_is_no_failure(self, command: Command, store: Store) -> None:
        """It says how to get some, and how many presses wait for a message."""
        press(store, 1)
        done = command("interactions", "list")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "comethooks send story form" in done.stderr
        assert "Presses that wait for a message which was not seen yet: 1." in done.stderr


class TestShowing:
    """One message."""

    def test_it_says_who_did_what_and_why_not_all_counts(
        self, command: Command, pressed: None
    ) -> None:
        """With the event of each press, to look further."""
        shown = command("interactions", "show", "57").stdout
        title, _, rest = shown.partition("\nUsers\n")
        users, _, rest = rest.partition("\nPresses\n")
        made, _, problems = rest.partition("\nProblems\n")
        assert "goal          allOf name, submit" in title
        assert "completed     by 1 of 3 who pressed something" in title
        assert f"omar  {iso(NOW + 2000)[:19]}Z  yes       submit, name, age" in users
        assert "the sender's own interactions do not count" in made
        assert "eve   submit, name              no      the user does not belong to" in made
        assert "yes     other: the message has no such element" in made
        assert "omar  age: '9' is not among its options" in problems

    def test_as_json_it_has_everything(self, command: Command, pressed: None) -> None:
        """In one document; users and presses, the last ones first."""
        [found] = command.json("interactions", "show", "57")
        assert found["by_user"][0] == {
            "user": "omar",
            "completed_at": iso(NOW + 2000),
            "verified": True,
            "interactions": [
                {"element_id": each, "at": iso(NOW + 2000)} for each in ("submit", "name", "age")
            ],
        }
        assert [each["user"] for each in found["made"]] == ["ines", "omar", "eve"]
        assert [each["counts"] for each in found["made"]] == [False, True, False]
        assert found["made"][1]["left_out"] == [
            {"element_id": "other", "why": "the message has no such element"}
        ]
        assert found["made"][1]["problems"] == [
            "other: the message has no such element",
            "age: '9' is not among its options",
        ]
        [found] = command.json("interactions", "show", "57", "--limit", "1")
        assert [each["user"] for each in found["made"]] == ["ines"]

    def test_whose_presses_count_is_a_setting(self, command: Command, pressed: None) -> None:
        """As for the plugin."""
        asked = ("interactions", "show", "57")
        [found] = command.json(*asked, COMETHOOKS_INTERACTIONS_TRUST="all")
        assert [each["counts"] for each in found["made"]] == [False, True, True]
        done = command(*asked, COMETHOOKS_INTERACTIONS_TRUST="nobody")
        assert done.exit_code == 1
        assert "COMETHOOKS_INTERACTIONS_TRUST" in done.stderr

    def test_a_message_that_was_not_seen_says_so(self, command: Command, store: Store) -> None:
        """With the presses that wait for it."""
        press(store, 1)
        shown = command("interactions", "show", "57").stdout
        assert "goal  not known: the message was not seen yet" in shown
        assert "no      the message was not seen" in shown

    def test_one_that_nobody_pressed_says_so(self, command: Command, store: Store) -> None:
        """Found by its muid."""
        see(store, muid="order-8")
        shown = command("interactions", "show", "order-8")
        assert shown.stdout.startswith("Message 57\n")
        assert "None: nobody has pressed anything on it." in shown.stdout

    @pytest.mark.parametrize("name", ["show", "answers"])
    def test_one_that_is_not_there_says_where_it_looked(
        self, command: Command, store: Store, name: str
    ) -> None:
        """And which of several apps is meant has to be said."""
        done = command("interactions", name, "57")
        assert done.exit_code == 1
        assert "no interactive message has the id or muid 57; looked in the journal" in done.stderr
        see(store)
        see(store, app_id="other")
        done = command("interactions", name, "57")
        assert done.exit_code == 1
        assert f"several apps: {APP}, other; say which with --app" in done.stderr
        assert command("interactions", name, "57", "--app", "other").exit_code == 0


class TestAnswers:
    """What was entered, a row for each user."""

    def test_the_last_answers_that_count(self, command: Command, pressed: None) -> None:
        """Not those of strangers, nor to elements that the message does not have."""
        assert command.json("interactions", "answers", "57") == [
            {
                "user": "omar",
                "at": iso(NOW + 2000),
                "completed_at": iso(NOW + 2000),
                "verified": True,
                "answers": {"name": "Omar", "age": "9"},
            }
        ]
        shown = command("interactions", "answers", "57").stdout.splitlines()
        assert shown[0].split() == ["USER", "AT", "COMPLETED", "VERIFIED", "name", "age"]
        assert shown[1].split()[3:] == ["yes", "Omar", "9"]

    @pytest.mark.parametrize(
        ("answer", "cell"),
        [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("＝1", "'＝1"),  # noqa: RUF001
            ("a=1", "a=1"),
            ('1";=1,"', '1";=1,"'),
            (-1, "'-1"),
            (["a", "b"], "a, b"),
            ({"a": [1]}, '{"a":[1]}'),
            (True, "true"),
            ("ä\u202e", "ä\u202e"),
        ],
    )
    def test_csv_has_no_formulas(
        self, command: Command, store: Store, answer: Any, cell: str
    ) -> None:
        """Nor does a separator within a cell begin another one."""
        see(store)
        press(store, 2, "submit", answers={"name": answer, "age": "7"})
        shown = command("interactions", "answers", "57", "--csv").stdout
        names, row = csv.reader(io.StringIO(shown, newline=""))
        assert names == ["user", "at", "completed_at", "verified", "name", "age"]
        assert row[4:] == [cell, "7"]
        assert shown.count('","') >= 10

    def test_names_of_users_and_elements_are_no_formulas_either(
        self, command: Command, store: Store
    ) -> None:
        """Devices may say any."""
        see(store, facts=replace(a_message(group="crew").facts, elements=None))
        press(store, 2, "submit", "=cmd", answers={"@x": "y"})
        shown = command("interactions", "answers", "57", "--csv").stdout.splitlines()
        assert shown[0].endswith(""","'@x\"""")
        assert shown[1].startswith(""""'=cmd",""")

    def test_no_token_is_printed(self, command: Command, store: Store) -> None:
        """Whatever somebody enters."""
        see(store)
        url = f"https://chat.example.com/interactions/{TOKEN}"
        press(store, 2, "submit", answers={"name": url, "age": {"password": TOKEN}})
        for arguments in (("answers", "57"), ("answers", "57", "--csv"), ("show", "57")):
            assert "AAAA" not in command("interactions", *arguments).output
            if "--csv" not in arguments:
                assert "AAAA" not in command("interactions", *arguments, "--json").output

    def test_nobody_is_no_failure(self, command: Command, store: Store) -> None:
        """In every form."""
        see(store)
        for arguments in ((), ("--csv",), ("--json",)):
            done = command("interactions", "answers", "57", *arguments)
            assert done.exit_code == 0
            assert "Nobody has pressed anything on it that counts." in done.stderr

    def test_two_ways_of_printing_are_wrong_use(self, command: Command, store: Store) -> None:
        """One of them was not meant."""
        assert command("interactions", "answers", "57", "--csv", "--json").exit_code == 2


def test_what_a_terminal_would_obey_is_escaped(command: Command, store: Store) -> None:
    """Ids, titles and answers are a stranger's text."""
    wire = body_of()["data"]["message"]
    wire["data"]["interactiveData"]["title"] = "a\x1b[2J"
    see(store, wire=wire, facts=replace(a_message().facts, elements=None))
    press(store, 2, "sub\x1bmit", answers={"na\x1bme": "x\x1b"})
    for arguments in (("list",), ("show", "57"), ("answers", "57")):
        assert "\x1b" not in command("interactions", *arguments).stdout
