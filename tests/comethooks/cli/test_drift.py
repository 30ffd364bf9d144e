"""`comethooks drift`: what nobody expected in bodies that were accepted."""

import pytest

from comethooks.cli.terminal.fitting import shortened
from comethooks.workers.journal import iso
from tests.comethooks.cli.store import START
from tests.webhooks.samples import message


@pytest.fixture
def events(store):
    """A new field; the same and a value of another type; an unknown trigger; nothing unexpected."""
    bodies = [
        message(newField="a secret"),
        message(newField=1, id="2", status=17),
        {**message(id="3"), "trigger": "message_teleported"},
        message(id="4"),
    ]
    return [store.settle(store.record(body)) for body in bodies]


class TestListing:
    def test_what_is_new_is_on_top(self, command, events):
        """With how often, since when, until when, and an example."""
        assert command.json("drift") == [
            {
                "source": "cometchat",
                "trigger": trigger,
                "kind": kind,
                "path": path,
                "count": count,
                "first_at": iso(START + 1000 * first),
                "last_at": iso(START + 1000 * last),
                "example_id": events[last].id,
            }
            for trigger, kind, path, count, first, last in (
                ("message_teleported", "unknown trigger", "trigger", 1, 2, 2),
                ("after_message", "wrong type", "data.status", 1, 1, 1),
                ("after_message", "unknown field", "data.newField", 2, 0, 1),
            )
        ]

    def test_the_table_says_what_to_do(self, command, events):
        """And nothing of what stands in the field."""
        shown = command("drift")
        assert shown.stdout.splitlines()[0].split() == [
            "KIND", "TRIGGER", "PATH", "COUNT", "FIRST", "LAST", "EXAMPLE",
        ]  # fmt: skip
        assert f"data.newField  2      {iso(START)[:19]}Z" in shown.stdout
        assert shortened(events[1].id) in shown.stdout
        assert "a secret" not in shown.output
        for said in (
            "comethooks events show",
            "COMETHOOKS_STRICT_TRIGGERS",
            "comethooks drift forget",
        ):
            assert said in shown.stderr

    @pytest.mark.parametrize(
        ("arguments", "paths"),
        [
            (("--trigger", "after_message"), {"data.status", "data.newField"}),
            (("--kind", "wrong type"), {"data.status"}),
            (("--path", "data.newField"), {"data.newField"}),
            (("--since", iso(START + 1001)), {"trigger"}),
            (("--until", iso(START + 1001)), {"data.status", "data.newField"}),
            (("--limit", "1"), {"trigger"}),
            (("--trigger", "nothing"), set()),
        ],
    )
    def test_filters(self, command, events, arguments, paths):
        assert {each["path"] for each in command.json("drift", *arguments)} == paths

    def test_more_than_are_shown(self, command, events):
        """As in other listings."""
        shown = command("drift", "--limit", "1")
        assert len(shown.stdout.splitlines()) == 2
        assert "there are more" in shown.stderr

    def test_none_is_no_failure(self, command, store):
        """And says what that means."""
        done = command("drift")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "No drift found" in done.stderr

    def test_what_a_terminal_would_obey_is_escaped(self, command, store):
        """Keys and triggers are a stranger's text."""
        store.settle(store.record({**message(**{"\x1b[2J": 1}), "trigger": "a\x1bb"}))
        shown = command("drift").stdout
        assert "\x1b" not in shown
        assert "a\\u001bb" in shown

    def test_times_that_exclude_each_other_are_wrong_use(self, command, store):
        assert command("drift", "--since", "1h", "--until", "2h").exit_code == 2


class TestForget:
    @pytest.mark.parametrize(
        ("arguments", "left"),
        [
            (("--trigger", "after_message"), {"message_teleported"}),
            (("--kind", "unknown trigger"), {"after_message"}),
            (("--all",), set()),
        ],
    )
    def test_removes_what_is_meant(self, command, events, arguments, left):
        """The events stay."""
        (answer,) = command.json("drift", "forget", *arguments, "--yes")
        assert answer["matched"] == answer["forgotten"] > 0
        assert {each["trigger"] for each in command.json("drift")} == left
        assert len(command.json("events", "list")) == 4

    def test_says_how_many(self, command, events):
        """A path of one trigger."""
        asked = ("--trigger", "after_message", "--path", "data.newField", "--yes")
        assert command("drift", "forget", *asked).stdout == "1 row forgotten.\n"
        again = command("drift", "forget", *asked)
        assert (again.exit_code, again.stdout) == (0, "")
        assert "Nothing of that kind" in again.stderr

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--yes",), "say what to forget"),
            (("--all", "--trigger", "x", "--yes"), "say what to forget"),
            (("--all",), "no terminal to ask on"),
        ],
    )
    def test_wrong_use_changes_nothing(self, command, events, arguments, said):
        done = command("drift", "forget", *arguments)
        assert (done.exit_code, said in done.stderr) == (2, True)
        assert command.json("drift")

    def test_options_of_the_listing_are_not_taken_for_its_own(self, command, events):
        """`drift --trigger x forget --all` would forget more than it seems to say."""
        done = command("drift", "--trigger", "after_message", "forget", "--all", "--yes")
        assert done.exit_code == 2
        assert "comethooks drift forget --trigger" in done.stderr
        assert command.json("drift")


class TestOneEvent:
    def test_names_its_drift(self, command, events):
        """As this version sees it, waiting or journalled."""
        shown = command("events", "show", events[1].id).stdout
        assert "Not as expected" in shown
        assert "unknown field  data.newField" in shown
        (document,) = command.json("events", "show", events[1].id)
        assert document["drift"] == [
            {"kind": "unknown field", "path": "data.newField"},
            {"kind": "wrong type", "path": "data.status"},
        ]

    def test_in_a_stream_has_it_too(self, command, store):
        """It is counted only when it is journalled."""
        record = store.accept(message(newField=1))
        (document,) = command.json("events", "show", record.id)
        assert document["drift"] == [{"kind": "unknown field", "path": "data.newField"}]
        assert command.json("drift") == []

    @pytest.mark.parametrize(
        "fields", [{"body": b"no json"}, {"body": b"", "size": 9}, {"source": "toy"}]
    )
    def test_that_cannot_be_looked_at_has_none(self, command, store, fields):
        """Without its body, or when another source knows what is in it."""
        record = store.settle(store.record(message(newField=1), **fields))
        (document,) = command.json("events", "show", record.id)
        assert document["drift"] == []

    def test_without_any_has_no_section(self, command, events):
        assert "Not as expected" not in command("events", "show", events[3].id).stdout
