"""Bare bodies out of somebody's log become events that are recognised when they are imported
again.
"""

from dataclasses import replace
from uuid import UUID

import pytest

from comethooks.files.imported import LineError, event_in, event_of
from comethooks.webhooks.cometchat import CometChat
from comethooks.webhooks.receiving import Incoming, judge
from comethooks.workers.journal import iso
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps
from tests.webhooks.samples import message, raw

NOW = 1_790_000_000_000
BLOCKED = {
    "trigger": "user_blocked",
    "data": {"users": {"bo": {"uid": "bo", "name": "Bo"}}, "by": {"uid": "ada"}},
    "appId": "app1",
    "webhook": "hook1",
}


def test_a_body_that_says_when_was_received_then():
    """There is no better guess."""
    record = event_of(raw(message(updatedAt=1_780_000_000, sentAt=1_780_000_000)), NOW)
    assert (record.received_at, record.occurred_at) == (1_780_000_000_000, 1_780_000_000_000)
    assert (record.trigger, record.conversation_id, record.sender) == (
        "after_message",
        "group_harbour",
        "ada",
    )
    assert (record.body, record.headers, record.source) == (
        raw(message(updatedAt=1_780_000_000, sentAt=1_780_000_000)),
        {},
        "cometchat",
    )


def test_a_body_that_does_not_say_when_is_received_now():
    """Its id does not depend on that."""
    first, second = event_of(raw(BLOCKED), NOW), event_of(raw(BLOCKED), NOW + 1)
    assert (first.received_at, first.occurred_at, second.received_at) == (NOW, None, NOW + 1)
    assert first.id == second.id


def test_the_id_is_a_uuid():
    """Of the version for ids that are made in a way of one's own."""
    made = UUID(event_of(raw(BLOCKED), NOW).id)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")


def test_a_repeat_has_the_same_id_and_another_event_another():
    """What tells a redelivery tells it here."""
    first = event_of(raw(message()), NOW)
    assert event_of(b" " + raw(message()), NOW).id == first.id
    assert event_of(raw(message(id="4712")), NOW).id != first.id
    assert event_of(raw(message(updatedAt=1_800_000_001)), NOW).id != first.id


def test_without_a_time_only_the_same_body_is_a_repeat():
    """Somebody may be blocked twice."""
    other = {**BLOCKED, "region": "eu"}
    assert event_of(raw(other), NOW).id != event_of(raw(BLOCKED), NOW).id


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"GET /webhooks 200", "not JSON"),
        (b"7", "not a JSON object but a number"),
        (raw(message(id=...)), "data.id: Missing data for required field."),
        (b"{}", "trigger: Missing data for required field."),
    ],
)
def test_what_would_be_refused_is_no_event(body, reason):
    """The reason is that of the answer to such a request."""
    with pytest.raises(LineError, match=reason):
        event_of(body, NOW)


@pytest.mark.parametrize("drop_secrets", [False, True])
def test_a_body_is_the_same_event_whichever_way_it_comes(drop_secrets):
    """By a request, on a line of an export and bare: only its id tells them apart."""
    body = raw({**message(), "shiny": {"authToken": "a-secret"}})
    settings = Settings.load(
        {"COMETHOOKS_BASIC_AUTH": "ada:secret", "COMETHOOKS_DROP_SECRETS": str(drop_secrets)}
    )
    incoming = Incoming(id="id1", received_at=NOW, headers={})
    line = dumps({"received_at": iso(NOW), "body": body.decode()})
    records = [
        judge(CometChat(settings), incoming, body).record,
        event_in(line, drop_secrets=drop_secrets),
        event_of(body, NOW, drop_secrets=drop_secrets),
    ]
    received, lined, bare = [replace(each, id="", received_at=NOW) for each in records]
    assert received == lined == bare
    assert received.drift
    assert (b"a-secret" in received.body) is not drop_secrets
