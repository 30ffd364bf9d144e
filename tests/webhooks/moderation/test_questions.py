"""Questions of moderation as a source: whatever comes is judged, and can be read again."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comethooks.schemas import decode
from comethooks.webhooks.moderation.questions import Questions
from comethooks.webhooks.receiving import Incoming, Verdict, judge
from comethooks.workers.record import event_of
from tests.application import MakeSettings
from tests.webhooks.samples import raw

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXTS = st.text(st.characters(), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.dictionaries(
    st.sampled_from(["id", "sender", "receiver", "receiverType", "data", "type", "sentAt"]), JSON
)
ASKED = st.lists(st.dictionaries(TEXTS, JSON | MESSAGES, max_size=2) | JSON, max_size=5)


def judged(source: Questions, sent: bytes) -> Verdict:
    return judge(source, Incoming(id="one", received_at=0, headers={}), sent)


@FEW
@given(asked=ASKED | JSON)
def test_no_question_is_a_fault_of_ours(make_settings: MakeSettings, asked: Any) -> None:
    """It is an event that can be read, or refused for a reason."""
    source = Questions(make_settings(), "app=app1&rule=scam")
    verdict = judged(source, raw({"contextMessages": asked}))
    if verdict.refusal is not None:
        assert (verdict.refusal.status, verdict.in_flight) == (422, False)
        assert verdict.refusal.errors
    else:
        event = event_of(verdict.record)
        assert event.message is not None
        assert (verdict.in_flight, event.rule) == (True, "scam")
        assert all(isinstance(uid, str) for uid, _ in event.context)
        assert (event.sender.uid if event.sender else "") == (verdict.record.sender or "")


@pytest.mark.parametrize(
    "sent",
    [
        b'{"contextMessages": [{"a": {"id": 1}}], "trigger": "message_sent", "appId": "other"}',
        b'{"contextMessages": [{"a": {"id": 1}}]}, "appId": "other", "data": {"x": 1}',
        b'{"contextMessages": [{"a": {"id": 1}}]}}',
    ],
)
def test_no_body_gets_out_of_its_envelope(make_settings: MakeSettings, sent: bytes) -> None:
    """Which app asks, the URL says alone."""
    verdict = judged(Questions(make_settings(), "app=app1"), sent)
    assert verdict.record.app_id == "app1"
    assert verdict.record.trigger == "moderation_requested"
    assert (verdict.refusal is None) == (json_object(sent) is not None)


def json_object(sent: bytes) -> Any:
    """What it is, to another reader."""
    try:
        return json.loads(sent)
    except ValueError:
        return None


@pytest.mark.parametrize("levels", [200, *range(1015, 1024)])
def test_what_is_kept_as_an_event_can_be_read_again(
    make_settings: MakeSettings, levels: int
) -> None:
    """A body that is nested as deep as can be read gets deeper in its envelope."""
    deep = b"[" * levels + b"]" * levels
    sent = b'{"contextMessages": [{"a": {"id": "1", "data": {"customData": %b}}}]}' % deep
    verdict = judged(Questions(make_settings(), "app=app1"), sent)
    if verdict.refusal is None:
        assert decode(verdict.record.body)["data"]
    else:
        assert verdict.refusal.status == 400
