"""What is read of a press, of every kit that there is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comethooks.schemas import Event, InteractionEvent, decode, parse
from comethooks.schemas.event.interactions import PROVED
from comethooks.schemas.triggers.table import COMETCHAT
from comethooks.schemas.wire.interactions import (
    INTERACTED,
    MAX_ELEMENTS,
    MAX_ID_BYTES,
    press_in,
)
from comethooks.workers.texts import dumps

ANSWERS = {"name": "Ada", "gender": "f"}
AROUND: dict[str, Any] = {"appID": "2345", "region": "eu", "trigger": INTERACTED}
DATA: dict[str, Any] = {
    "conversationId": "ada_user_ben",
    "sender": "ada",
    "receiver": "ben",
    "receiverType": "user",
    "messageCategory": "interactive",
    "messageType": "form",
    "messageId": 57,
    "interactionTimezoneCode": "Europe/Berlin",
    "interactedBy": "ben",
    "interactedElementId": "submit",
}
LISTED = [{"elementId": each, "value": value} for each, value in ANSWERS.items()]

FORMS: dict[str, dict[str, Any]] = {
    "web": {**AROUND, "payload": {}, "data": {**DATA, "formData": ANSWERS}},
    "android": {**AROUND, "payload": {}, "data": {**DATA, "sender": "Ada L.", "formData": LISTED}},
    "ios": {**AROUND, "anyKey": {**DATA, "formData": LISTED}},
    "ios with a payload": {**AROUND, "payload": {"a": {"b": 1}}, "k": {**DATA, "formData": LISTED}},
    "flutter": {**AROUND, "payload": {}, "data": DATA, **ANSWERS},
    "flutter of before": {**AROUND, "data": DATA, **ANSWERS},
}
"""A form of two fields that was sent, from each kit that says who sent what."""

REACT_NATIVE: dict[str, dict[str, Any]] = {
    "usual key": {"shift": "night", "CometChatData": ANSWERS, "cometchatSenderUid": "ben"},
    "own key": {"shift": {"a": 1}, "mine": ANSWERS, "cometchatSenderUid": "ben"},
    "usual key first": {"CometChatData": ANSWERS, "x": {"b": 2}, "cometchatSenderUid": "ben"},
}


def event(body: dict[str, Any], **proved: str) -> Event:
    return Event(
        id="e",
        source=COMETCHAT,
        trigger=INTERACTED,
        name="interaction.received",
        app_id="2345",
        conversation_id=None,
        occurred_at=None,
        received_at=1_760_000_000_000,
        raw=dumps(body),
        headers={f"{PROVED}{name}": value for name, value in proved.items()},
    )


def interaction(body: dict[str, Any], **proved: str) -> Any:
    return event(body, **proved).interaction


class TestForms:
    @pytest.mark.parametrize("kit", FORMS)
    def test_a_form_says_the_same_whichever_kit_sent_it(self, kit: str) -> None:
        found = interaction(FORMS[kit])
        assert (found.message_id, found.element_id) == ("57", "submit")
        assert (found.user, found.user_from) == ("ben", "interactedBy")
        assert found.answers == ANSWERS
        assert found.meeting is None
        assert found.timezone == "Europe/Berlin"
        assert found.problems == ()

    @pytest.mark.parametrize("body", REACT_NATIVE.values(), ids=REACT_NATIVE)
    def test_react_native_4_says_neither_message_nor_element(self, body: dict[str, Any]) -> None:
        """Its token does."""
        found = interaction(body, app="2345", message="57", element="submit")
        assert (found.message_id, found.element_id) == ("57", "submit")
        assert (found.user, found.user_from) == ("ben", "cometchatSenderUid")
        assert found.answers == ANSWERS
        assert found.problems == ()

    def test_of_forms_of_older_ios_the_token_says_all_that_is_known(self) -> None:
        found = interaction({**AROUND, "payload": {"a": 1}}, message="57", element="submit")
        assert (found.message_id, found.element_id, found.user) == ("57", "submit", None)
        assert found.answers == {}
        assert found.problems == ("it does not say who pressed",)

    def test_values_stay_as_they_came(self) -> None:
        """What they mean depends on the form."""
        answers = {"days": ["sat", "sun"], "where": {"city": "Rom"}, "n": 0, "none": None}
        assert interaction({**AROUND, "data": {**DATA, "formData": answers}}).answers == answers


class TestBeside:
    """What somebody's own code puts beside the block instead of into it."""

    @pytest.mark.parametrize("name", ["interactedBy", "interactedElementId", "messageId"])
    @pytest.mark.parametrize("there", [{}, {"null": None}], ids=["absent", "null"])
    def test_what_the_block_does_not_say_is_read_beside_it(
        self, name: str, there: dict[str, Any]
    ) -> None:
        """It is no answer."""
        block = {key: value for key, value in DATA.items() if key != name}
        block |= dict.fromkeys((name,), None) if there else {}
        found = interaction({**AROUND, name: DATA[name], "data": block})
        assert (found.message_id, found.element_id, found.user) == ("57", "submit", "ben")
        assert found.answers == {}

    def test_the_block_comes_first(self) -> None:
        """Whatever stands beside it."""
        found = interaction({**AROUND, "interactedBy": "eve", "messageId": 1, "data": DATA})
        assert (found.message_id, found.user) == ("57", "ben")

    def test_a_block_may_have_the_name_of_one_of_its_own_fields(self) -> None:
        """On iOS the author of the message chooses it."""
        found = interaction({**AROUND, "formData": {**DATA, "formData": {"name": "Ada"}}})
        assert (found.user, found.answers) == ("ben", {"name": "Ada"})


class TestRouting:
    def test_a_press_belongs_to_who_pressed_and_the_conversation_that_it_names(self) -> None:
        """Which is how it is listed, and put in order where no token says the message."""
        body = {**FORMS["web"], "data": {**DATA, "conversationId": "group_hikers"}}
        parsed = parse(body, dumps(body))
        assert (parsed.conversation_id, parsed.sender) == ("group_hikers", "ben")
        assert parsed.key == "group_hikers"
        assert event(body).sender.uid == "ben"

    def test_what_names_nobody_has_no_sender(self) -> None:
        """Nor a conversation."""
        body = {**AROUND, "payload": {"a": 1}}
        parsed = parse(body, dumps(body))
        assert (parsed.conversation_id, parsed.sender) == (None, None)
        assert event(body).sender is None


class TestOthers:
    @pytest.mark.parametrize("around", [{"payload": {}}, {}, {"payload": {"a": 1}}])
    def test_a_card_has_a_press_and_no_answers(self, around: dict[str, Any]) -> None:
        found = interaction({**AROUND, **around, "data": {**DATA, "messageType": "card"}})
        assert (found.message_id, found.element_id, found.user) == ("57", "submit", "ben")
        assert found.answers == {}

    @pytest.mark.parametrize(
        "start", [1_760_000_000, "1760000000", 1_760_000_000_000, "2025-10-09T08:53:20.000Z"]
    )
    def test_a_scheduler_has_a_meeting(self, start: object) -> None:
        slot = {"duration": 30, "meetStartAt": start}
        meeting = interaction({**AROUND, "data": {**DATA, "schedulerData": slot}}).meeting
        assert meeting.start.isoformat() == "2025-10-09T08:53:20+00:00"
        assert meeting.minutes == 30

    def test_react_native_schedulers_name_the_user_twice(self) -> None:
        """Sender and `interactedBy` are who pressed, the receiver is who wrote the message."""
        slot = {"schedulerData": {"duration": 30, "meetStartAt": 1_760_000_000}}
        swapped = {**DATA, **slot, "sender": "ben", "receiver": "ada"}
        assert interaction({**AROUND, "data": swapped}).user == "ben"

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            (1_760_000_001, "2025-10-09T08:53:21+00:00"),
            (1_760_000_001.5, "2025-10-09T08:53:21.500000+00:00"),
            ("2025-10-09T08:53:21.000", "2025-10-09T08:53:21+00:00"),
            (None, "2025-10-09T08:53:20+00:00"),
        ],
    )
    def test_the_time_is_that_of_the_body_or_of_arrival(self, written: object, shown: str) -> None:
        """IOS writes fractions, Flutter dates; over the callback most say nothing."""
        found = interaction({**AROUND, "data": {**DATA, "interactedAt": written}})
        assert found.interacted_at.isoformat() == shown


class TestToken:
    def test_the_message_of_the_token_counts(self) -> None:
        found = interaction(FORMS["web"], message="58")
        assert (found.message_id, found.muid, found.verified) == ("58", None, True)

    def test_a_muid_is_resolved_by_whoever_sees_its_message(self) -> None:
        """What the body names may be any message."""
        found = interaction(FORMS["web"], muid="m-1")
        assert (found.message_id, found.muid, found.verified) == (None, "m-1", True)
        assert found.problems == ()

    @pytest.mark.parametrize("proved", [{}, {"app": "2345"}])
    def test_without_one_of_the_message_the_body_says_it(self, proved: dict[str, str]) -> None:
        found = interaction(FORMS["web"], **proved)
        assert (found.message_id, found.muid, found.verified) == ("57", None, False)

    def test_the_element_of_the_token_counts_and_another_one_is_told(self) -> None:
        found = interaction(FORMS["web"], message="57", element="other")
        assert found.element_id == "other"
        assert found.problems == ("it names another element than its token, whose element counts",)


class TestBounds:
    def test_of_a_thousand_elements_the_first_are_read(self) -> None:
        answers = {f"e{number}": "x" for number in range(1000)}
        found = interaction({**AROUND, "data": {**DATA, "formData": answers}})
        assert list(found.answers) == [f"e{number}" for number in range(MAX_ELEMENTS)]
        assert found.problems == ("only the first 200 answers are read",)

    @pytest.mark.parametrize("text", ["x" * (MAX_ID_BYTES + 1), "ü" * 501, "\ud800" * 334])
    def test_an_id_of_more_than_a_kilobyte_is_not_read(self, text: str) -> None:
        long = {**DATA, "interactedBy": text, "interactedElementId": text, "messageId": text}
        found = press_in({**AROUND, "data": {**long, "formData": {text: 1, "a": 2}}})
        assert (found.user, found.element_id, found.message_id) == (None, None, None)
        assert found.answers == {"a": 2}
        assert found.problems == ("an id of more than 1000 bytes is not read",)
        assert "message_id" in found.unread
        assert "app_id" not in found.unread

    def test_what_is_missing_is_told(self) -> None:
        assert interaction({"trigger": INTERACTED}).problems == (
            "it does not say on which message",
            "it does not say who pressed",
            "it does not say what was pressed",
        )

    @given(
        body=st.dictionaries(
            st.sampled_from([*AROUND, "payload", "data", "cometchatSenderUid", "CometChatData"])
            | st.text(max_size=3),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from([*DATA, "formData", "schedulerData", "value", "elementId"]),
                        inner,
                        max_size=4,
                    )
                ),
                max_leaves=8,
            ),
            max_size=6,
        )
    )
    def test_whatever_comes_is_read(self, body: dict[str, Any]) -> None:
        """Everything of it comes from devices that anybody may hold."""
        found = event(decode(dumps(body))).interaction
        assert found is not None
        for name in ("message_id", "element_id", "user", "timezone"):
            assert isinstance(getattr(found, name), str | None)
        assert len(found.answers) <= MAX_ELEMENTS
        assert found.interacted_at is not None
        assert found.meeting is None or found.meeting.start is not found
        assert isinstance(found.problems, tuple)


def test_an_event_of_the_trigger_is_of_its_kind() -> None:
    assert isinstance(event({"trigger": INTERACTED}), InteractionEvent)
