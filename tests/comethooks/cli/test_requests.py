"""`comethooks requests`: every call that was kept, with what became of it."""

import pytest

from comethooks.cli.terminal.fitting import shortened
from comethooks.workers.journal import iso
from comethooks.workers.record import Kind
from tests.comethooks.cli.store import START, TOKEN, run

LISTED = {
    "id",
    "received_at",
    "outcome",
    "status",
    "reason",
    "errors",
    "source",
    "trigger",
    "app_id",
    "event_id",
    "headers",
    "size",
}


@pytest.fixture
def all_kinds(store):
    """One accepted, one duplicate and one refused request, in the streams."""
    accepted = store.accept(key=b"k" * 16)
    duplicate = store.accept(key=b"k" * 16)
    refused = store.refused()
    store.streams.keep(refused)
    return accepted, duplicate, refused


def settled(store, all_kinds):
    """The same three, in the journal."""
    accepted, duplicate, refused = all_kinds
    store.settle(accepted, run())
    store.settle(
        store.record(
            id=duplicate.id,
            at=duplicate.received_at,
            kind=Kind.DUPLICATE,
            event_id=accepted.id,
            body=b"",
        )
    )
    store.settle(refused)
    store.streams.client.flushall()


@pytest.fixture(params=["streams", "journal"])
def kept(request, store, all_kinds):
    """The three requests, in either place."""
    if request.param == "journal":
        settled(store, all_kinds)
    return all_kinds


class TestList:
    def test_lists_all_kinds_with_what_became_of_them(self, command, kept):
        accepted, duplicate, refused = kept
        found = command.json("requests", "list")
        assert [(each["id"], each["outcome"], each["event_id"]) for each in found] == [
            (refused.id, "refused", None),
            (duplicate.id, "duplicate", accepted.id),
            (accepted.id, "accepted", accepted.id),
        ]
        assert all(each.keys() == LISTED for each in found)
        assert found[0]["status"] == 422
        assert found[0]["errors"] == {"data.message.id": ["Missing data for required field."]}

    @pytest.mark.parametrize(
        ("arguments", "outcomes"),
        [
            (("--outcome", "accepted"), ["accepted"]),
            (("--outcome", "duplicate"), ["duplicate"]),
            (("--outcome", "refused"), ["refused"]),
            (("--status", "422"), ["refused"]),
            (("--status", "200"), ["duplicate", "accepted"]),
            (("--status", "200", "--limit", "1"), ["duplicate"]),
            (("--user", "ada"), ["accepted"]),
            (("--conversation", "group_harbour"), ["accepted"]),
            (("--trigger", "after_message"), ["refused", "duplicate", "accepted"]),
            (("--app", "app2"), []),
            (("--since", iso(START + 2000)), ["refused"]),
            (("--until", iso(START + 1000)), ["accepted"]),
        ],
    )
    def test_filters_hold_in_streams_and_journal(self, command, kept, arguments, outcomes):
        assert [
            each["outcome"] for each in command.json("requests", "list", *arguments)
        ] == outcomes

    def test_the_table_says_why(self, command, kept):
        accepted, _, refused = kept
        shown = command("requests", "list").stdout
        assert f"repeats {shortened(accepted.id)}" in shown
        assert "422     after_message  the body does not fit the schema" in shown
        assert shortened(refused.id) in shown

    def test_what_is_in_stream_and_journal_is_shown_once(self, command, store, all_kinds):
        store.settle(all_kinds[2])
        assert len(command.json("requests", "list")) == 3

    def test_nothing_found_is_no_failure(self, command, store):
        done = command("requests", "list", "--outcome", "refused")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "No requests found" in done.stderr


class TestShow:
    def test_a_refused_one_has_reason_errors_and_payload(self, command, kept):
        refused = kept[2]
        [shown] = command.json("requests", "show", refused.id)
        assert shown.keys() == LISTED | {"payload", "spooled"}
        assert shown["reason"] == "the body does not fit the schema"
        assert shown["payload"]["data"]["authToken"] == "***"

    def test_a_refused_one_is_laid_out_for_people(self, command, kept):
        shown = command("requests", "show", kept[2].id)
        assert "data.message.id  Missing data for required field." in shown.stdout
        assert TOKEN not in shown.output

    def test_an_accepted_one_says_that_it_became_an_event(self, command, kept):
        accepted = kept[0]
        assert (
            f"comethooks events show {accepted.id}"
            in command("requests", "show", accepted.id).stdout
        )
        [shown] = command.json("requests", "show", accepted.id)
        assert (shown["outcome"], shown["event_id"]) == ("accepted", accepted.id)

    def test_a_duplicate_leads_to_the_event_that_it_repeats(self, command, kept):
        accepted, duplicate, _ = kept
        assert (
            f"comethooks events show {accepted.id}"
            in command("requests", "show", duplicate.id).stdout
        )
        assert command.json("requests", "show", duplicate.id)[0]["event_id"] == accepted.id

    def test_a_body_that_was_not_kept_is_said_to_be(self, command, store):
        refused = store.refused(
            status=413, reason="the body has more than 5 bytes", errors=None, body=b"", size=9
        )
        store.streams.keep(refused)
        assert "The body was not kept." in command("requests", "show", refused.id).stdout
        assert command.json("requests", "show", refused.id)[0]["payload"] is None

    def test_a_body_that_is_no_json_is_text_without_secrets(self, command, store):
        refused = store.refused(status=400, body=b"{authToken: %s" % TOKEN.encode())
        store.streams.keep(refused)
        assert command.json("requests", "show", refused.id)[0]["payload"] == "{authToken: ***"
        assert TOKEN not in command("requests", "show", refused.id).output

    def test_not_found_says_where_it_looked(self, command, store):
        done = command("requests", "show", "0123456789")
        assert done.exit_code == 1
        assert "looked in the streams" in done.stderr
