"""An event becomes a line, and the line the same event again."""

import base64
from dataclasses import replace

import orjson
import pytest

from comethooks.files.imported import LineError, event_in
from comethooks.files.json_lines import json_line, redacted_json_line
from comethooks.workers.ids import id_at
from comethooks.workers.journal import StoredEvent, iso
from comethooks.workers.record import Kind, Record, Vote
from comethooks.workers.states import DecisionAction
from comethooks.workers.texts import dumps
from tests.webhooks.samples import message, raw

AT = 1_790_000_000_123
TOKEN = "plantedTokenThatNobodyMaySee"
DESCRIBED = {
    "trigger": "after_message",
    "name": "message.sent",
    "app_id": "app1",
    "conversation_id": "group_harbour",
    "sender": "ada",
    "occurred_at": AT - 40,
}


def stored(body: bytes, **fields) -> StoredEvent:
    known = {"kind": Kind.EVENT, "id": id_at(AT), "received_at": AT, **DESCRIBED}
    headers = {"content_type": "Application/json", "remote_address": "192.0.2.7"}
    record = Record(**{**known, "size": len(body), "headers": headers, "body": body, **fields})
    return StoredEvent.from_record(record, 3)


def line(**fields) -> bytes:
    """A line written by hand."""
    return dumps({"received_at": iso(AT), "body": raw(message()).decode(), **fields})


class TestWriting:
    def test_a_line_has_what_is_known_and_the_body_as_it_came(self):
        """Times are ISO 8601 in UTC with milliseconds."""
        event = stored(b'{"trigger": "x",  "text": "\\ud83d \\u0000 \xc3\xa9"}')
        assert json_line(event) == {
            "id": event.id,
            **DESCRIBED,
            "source": "cometchat",
            "occurred_at": iso(AT - 40),
            "received_at": "2026-09-21T14:13:20.123Z",
            "decision": None,
            "votes": [],
            "size": len(event.body),
            "headers": {"content_type": "Application/json", "remote_address": "192.0.2.7"},
            "body": '{"trigger": "x",  "text": "\\ud83d \\u0000 é"}',
        }

    def test_a_body_that_is_no_utf_8_is_in_base64(self):
        """Under a name that says so, and under no other."""
        written = json_line(stored(b"\xff\xfe{}"))
        assert base64.b64decode(written["body_base64"]) == b"\xff\xfe{}"
        assert "body" not in written

    def test_a_body_that_is_not_kept_any_more_is_null(self):
        """Its size is still told."""
        written = json_line(replace(stored(b"{}"), body=None, size=77))
        assert (written["body"], written["size"]) == (None, 77)


class TestDecisions:
    def test_what_was_decided_comes_back(self):
        """With what each decider said."""
        vote = Vote("p.f", DecisionAction.DROP, 0.5, reason="scam", confidence=0.9)
        event = stored(raw(message()), decision=DecisionAction.DROP, votes=(vote,))
        read = event_in(dumps(json_line(event)))
        assert (read.decision, read.votes) == (DecisionAction.DROP, (vote,))

    def test_a_line_that_does_not_say_is_of_what_nobody_decided_on(self):
        """As those of older versions and of people."""
        read = event_in(line())
        assert (read.decision, read.votes) == (None, ())

    def test_what_a_newer_version_says_of_a_vote_is_passed_over(self):
        """A line that has more is still an event, and long texts are cut as elsewhere."""
        vote = {"decider": "p.f", "verdict": None, "ms": 1, "error": "x" * 999, "mood": "grim"}
        read = event_in(line(decision="allow", votes=[vote]))
        assert read.votes == (Vote("p.f", None, 1.0, error="x" * 199 + "…"),)

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"decision": "block"}, "decision"),
            (
                {"votes": [{"decider": "p.f", "verdict": "block", "ms": 1}]},
                "votes[0].verdict",
            ),
            ({"votes": [{"verdict": "drop", "ms": 1}]}, "votes[0].decider"),
            ({"votes": {}}, "votes"),
        ],
    )
    def test_what_is_no_decision_is_a_bad_line(self, fields, path):
        """It names the field."""
        with pytest.raises(LineError) as error:
            event_in(line(**fields))
        assert str(error.value).startswith(f"{path}: ")

    def test_what_deciders_wrote_is_masked(self):
        """It may tell what they saw; what they decided does not."""
        vote = Vote("p.f", None, 1.0, error="KeyError: 'meet me at noon'", reason="noon")
        written = redacted_json_line(stored(b"{}", decision=DecisionAction.ALLOW, votes=(vote,)))
        assert written["votes"] == [{**vote.as_json(), "error": "***", "reason": "***"}]


class TestRedacting:
    def test_secrets_and_personal_data_are_masked(self):
        """In the body, and of the headers all that tell who sent it."""
        body = message(data={"text": "meet me at noon", "entities": {"x": {"authToken": TOKEN}}})
        written = redacted_json_line(stored(raw(body)))
        assert written["redacted"] is True
        assert written["headers"] == {"content_type": "Application/json", "remote_address": "***"}
        assert TOKEN not in str(written)
        assert "noon" not in str(written)
        assert orjson.loads(written["body"])["data"]["conversationId"] == "group_harbour"

    @pytest.mark.parametrize("body", [b"authToken: plantedTokenThatNobodyMaySee", b"\xff", b"[]"])
    def test_a_body_that_is_not_json_is_left_out(self, body):
        """Nobody knows what it holds."""
        written = redacted_json_line(stored(body))
        assert (written["body"], written["redacted"]) == (None, True)
        assert "body_base64" not in written


class TestReading:
    def test_a_line_by_hand_needs_a_body_and_when_it_was_received(self):
        """Everything else is derived from the body."""
        record = event_in(line())
        assert (record.kind, record.source, record.headers) == (Kind.EVENT, "cometchat", {})
        assert (record.trigger, record.name, record.app_id) == (
            "after_message",
            "message.sent",
            "app1",
        )
        assert (record.conversation_id, record.sender) == ("group_harbour", "ada")
        assert (record.occurred_at, record.received_at) == (1_800_000_000_000, AT)
        assert (record.body, record.size) == (raw(message()), len(raw(message())))

    def test_without_an_id_it_is_given_one_that_is_the_same_each_time(self):
        """And another one for the same body at another time."""
        assert event_in(line()).id == event_in(line()).id
        assert event_in(line()).id != event_in(line(received_at=iso(AT + 1))).id

    def test_what_the_body_says_counts_more_than_the_line(self):
        """A newer version may know better."""
        assert event_in(line(trigger="other", sender="eve")).sender == "ada"

    @pytest.mark.parametrize(
        "fields",
        [
            {"body": "no json"},
            {"body": '{"trigger": "after_message"}'},
            {"body": None, "size": 12},
            {"redacted": True},
            {"source": "elsewhere"},
        ],
        ids=["no JSON", "refused", "not kept", "redacted", "of another source"],
    )
    def test_where_the_body_does_not_say_it_the_line_does(self, fields):
        """What cannot be parsed any more is kept all the same."""
        known = {
            "trigger": "noted",
            "name": "n",
            "app_id": "a",
            "conversation_id": "c",
            "sender": "s",
        }
        record = event_in(line(**known, occurred_at=iso(AT - 5), **fields))
        assert {name: getattr(record, name) for name in known} == known
        assert record.occurred_at == AT - 5

    @pytest.mark.parametrize(
        "text",
        ["2026-09-21T14:13:20.123Z", "2026-09-21T16:13:20.123+02:00", "2026-09-21 14:13:20.123"],
    )
    def test_a_time_may_be_in_any_zone_and_is_utc_without_one(self, text):
        """All of these are one moment."""
        assert event_in(line(received_at=text)).received_at == AT

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            (b"{", "not JSON"),
            (b"[1]", "not a JSON object but a list"),
            (b"{}", "received_at: Missing data for required field."),
            (line(received_at=5), "received_at: Not an ISO 8601 time."),
            (line(received_at="noon"), "received_at: Not an ISO 8601 time."),
            (line(received_at="9999-12-31"), "received_at: Not a time that can be kept."),
            (line(id="57"), "id: Not a valid UUID."),
            (line(headers={"a": 1}), "headers: Not an object whose values are strings."),
            (line(headers=[]), "headers: Not an object whose values are strings."),
            (line(body={}), "body: Not a string."),
            (line(body=None), "size: Missing; a body that is null had one."),
            (line(body_base64="AA=="), "body: body_base64 has one, too."),
            (dumps({"received_at": iso(AT), "body_base64": "?"}), "body_base64: Not base64."),
            (dumps({"received_at": iso(AT), "body_base64": "é"}), "body_base64: Not base64."),
            (dumps({"received_at": iso(AT)}), "body: Missing; write it in a string, as it came."),
            (line(body="\ud83d"), "body: Holds a lone surrogate; write body_base64 instead."),
            (line(source=""), "source: Shorter than minimum length 1."),
            (
                line(body="[]"),
                "trigger: Missing, and the schemas refuse its body (not a JSON object but a list).",
            ),
            (line(redacted=True), "trigger: Missing, and its body does not say what it is."),
        ],
    )
    def test_a_line_that_is_no_event_says_why(self, bad, reason):
        """In one sentence, by the names of the fields."""
        with pytest.raises(LineError) as error:
            event_in(bad)
        assert str(error.value) == reason


NASTY = {
    "no UTF-8": b"\xff\x00\xfe",
    "a surrogate in UTF-8": b'{"trigger": "made_up", "text": "\xed\xa0\xbd"}',
    "a lone surrogate": b'{"trigger": "made_up", "data": {"text": "\\ud83d"}}',
    "a NUL": b'{"trigger": "made_up", "data": {"text": "\\u0000"}}',
    "a bare NUL": b"\x00",
    "a large number": b'{"trigger": "made_up", "data": {"n": %d}}' % 2**200,
    "a byte order mark": b'\xef\xbb\xbf{"trigger": "made_up", "data": {}}',
    "line ends": b'{"trigger": "made_up",\r\n "data": {}}\r\n',
    "separators of lines": '{"trigger": "made_up", "data": {"\u2028": "\x85"}}'.encode(),
    "nested deeply": b'{"a": ' * 5000 + b"1" + b"}" * 5000,
}


@pytest.mark.parametrize("body", NASTY.values(), ids=NASTY)
def test_a_body_comes_back_byte_for_byte(body):
    """Whatever it holds, it is one line meanwhile."""
    written = dumps(json_line(stored(body)))
    assert b"\n" not in written
    assert event_in(written).body == body
