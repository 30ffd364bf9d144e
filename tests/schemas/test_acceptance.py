"""What is refused, field by field, and that nothing else is."""

import re

import pytest

from comethooks.schemas import TRIGGERS, InvalidBodyError, Sender, decode, parse
from tests.bodies import NAMES, body, changed, raw, without
from tests.looped import looped
from tests.schemas.samples import (
    EVERY_PLACE,
    FORMS,
    SAMPLES,
    accepted,
    drop,
    event_of,
    form_of,
    objects,
    optional,
    put,
    said,
)

SURROGATE, NUL, HUGE = "\ud83d", "a\x00b", 2**70
DEEP = [
    decode(b'{"a":' * 900 + b"1" + b"}" * 900),
    decode(b'{"a":' + b"[" * 900 + b"]" * 900 + b"}")["a"],
]
JUNK = (None, [], {}, "", 0, -1, True, SURROGATE, NUL, HUGE, float(HUGE), [[]], {"a": [{}]}, *DEEP)


BY_ID = [
    *((f"{name} usual", "data.members") for name in TRIGGERS if name.startswith("group_member_")),
    ("user_blocked usual", "data.users"),
    ("user_unblocked usual", "data.users"),
    ("user_mentioned usual", "data.message.data.mentions"),
]
"""Samples with objects by uid that events give as a tuple, and where these are."""
MANY = [[], ["ben"], ["ben", "ada"], [57]]
TIMES = [
    ("message_delivery_receipt", "data.body.timestamp"),
    ("message_read_receipt", "data.body.timestamp"),
    ("legacy_message_delivery_receipt", "data.deliveredAt"),
    ("legacy_message_read_receipt", "data.readAt"),
    ("user_connection_status_changed", "data.timestamp"),
]
"""Samples whose only time this is, and where it is."""
WITH_DATA = [
    name
    for name, entry in TRIGGERS.items()
    if not {Sender.CLIENT, Sender.OPERATOR, Sender.OURS} & entry.senders
]
"""Triggers whose bodies have everything in `data`; clients may send none."""


def errors(value):
    with pytest.raises(InvalidBodyError) as caught:
        accepted(value)
    return caught.value.errors


def required_paths(name):
    return form_of(SAMPLES[name]).required


def single_paths():
    return [(name, path) for name in FORMS for path in required_paths(name) if "|" not in path]


def choices():
    return [
        (name, path.split("|")) for name in FORMS for path in required_paths(name) if "|" in path
    ]


def there(sample, path):
    for step in path.split("."):
        sample = sample.get(step) if isinstance(sample, dict) else None
    return sample is not None


def test_errors_are_in_the_order_of_the_schema():
    """Not in one that changes from process to process."""
    found = list(errors({"trigger": "user_connection_status_changed", "data": {"user": {}}}))
    assert found == ["data.user.uid", "data.status"]


class TestBodies:
    @looped("name", NAMES)
    def test_every_recorded_body_is_accepted(self, name):
        """Byte for byte as it came."""
        assert parse(decode(raw(name)), raw(name)).trigger == body(name)["trigger"]

    @pytest.mark.parametrize(
        "block", [{}, {"booking": {"interactedElementId": "send"}}, {"berth": "7"}]
    )
    def test_a_client_may_leave_data_out(self, block):
        """Older forms on iOS send no block, newer ones name it themselves, and Flutter merges it
        into the top.
        """
        sample = {**without(body("ui_message_interacted"), "data"), **block}
        assert accepted(sample).name == "interaction.received"

    @looped("name", SAMPLES)
    def test_every_sample_is_accepted(self, name):
        """Those that the generators make as well."""
        assert accepted(SAMPLES[name]).trigger == SAMPLES[name]["trigger"]

    def test_every_trigger_has_a_sample(self):
        """But those that we make ourselves, which are never taken from a body."""
        sampled = {sample["trigger"] for sample in SAMPLES.values()}
        assert {name for name, entry in TRIGGERS.items() if not entry.is_ours} <= sampled

    def test_every_form_of_every_trigger_has_a_sample(self):
        """But messages in the other generation's shape, which no generation is known to send."""
        seen = {(sample["trigger"], form_of(sample).shape.name) for sample in SAMPLES.values()}
        there_are = {
            (name, form.shape.name) for name, entry in TRIGGERS.items() for form in entry.forms
        }
        assert {shape for _, shape in seen} >= {shape for _, shape in there_are}
        for trigger in ("message_edited", "message_deleted"):
            assert {(trigger, "action"), (trigger, "nested")} <= seen
        for trigger in ("message_delivery_receipt", "message_read_receipt"):
            assert {(trigger, "current"), (trigger, "legacy")} <= seen

    @pytest.mark.parametrize(
        "category, types",
        [
            ("message", {"text", "image", "video", "audio", "file"}),
            ("custom", {"location", "berth"}),
            ("interactive", {"form", "card", "scheduler"}),
            ("card", {"text"}),
            ("agentic", {"assistant", "tool-arguments", "tool-result"}),
            ("action", {"groupMember", "message"}),
            ("call", {"audio", "video"}),
        ],
    )
    def test_every_kind_of_message_has_a_sample(self, category, types):
        """Of every category, every type."""
        found = [sample["data"].get("message", sample["data"]) for sample in SAMPLES.values()]
        messages = [
            item for item in found if isinstance(item, dict) and item.get("category") == category
        ]
        assert types <= {message["type"] for message in messages}
        told = {
            message["data"]["action"] for message in messages if "action" in message.get("data", {})
        }
        if category == "action":
            assert told >= {
                *(
                    "joined",
                    "left",
                    "kicked",
                    "banned",
                    "unbanned",
                    "added",
                    "invited",
                    "scopeChanged",
                ),
                *("edited", "deleted"),
            }
        if category == "call":
            assert told >= {
                "initiated",
                "ongoing",
                "unanswered",
                "rejected",
                "busy",
                "cancelled",
                "ended",
            }

    @pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("legacy", "bot"))])
    def test_optional_keys_may_end_with_a_question_mark_or_not(self, name):
        """The documentation prints them with one, real bodies come without."""
        sample = body(name)
        bare = {key.removesuffix("?"): value for key, value in sample.items()}
        marked = {
            key: value for key, value in sample.items() if key not in ("region", "chatAPIVersion")
        }
        marked |= {"region?": "eu", "chatAPIVersion?": "3.0"}
        assert said(accepted(bare)) == said(accepted(marked)) == said(accepted(sample))


class TestRequired:
    @looped("name, path", single_paths())
    def test_missing_is_reported_with_its_path(self, name, path):
        """And nothing else is."""
        assert errors(without(SAMPLES[name], path)) == {path: ["Missing data for required field."]}

    @looped("name, path", single_paths())
    def test_a_wrong_type_is_reported_with_its_path(self, name, path):
        """None, and what is empty, are no values."""
        for value in (None, [], {}, "", {"x": 1}, ["x"], True):
            [found] = errors(changed(SAMPLES[name], path, value))
            assert re.sub(r"\[\d+\]$", "", found) == path

    @pytest.mark.parametrize("name, paths", choices())
    def test_a_choice_of_which_nothing_is_there_is_reported_at_the_first(self, name, paths):
        """Missing altogether, or there and not usable."""
        sample, missing = SAMPLES[name], SAMPLES[name]
        for value in (None, "", True):
            for path in paths:
                if there(missing, path):
                    missing = without(missing, path)
                if there(sample, path.rpartition(".")[0]):
                    sample = changed(sample, path, value)
            assert list(errors(sample)) == [paths[0]]
        assert list(errors(missing)) == [paths[0]]

    @pytest.mark.parametrize("name, paths", choices())
    def test_one_of_a_choice_is_enough(self, name, paths):
        """Whichever it is."""
        usable = [path for path in paths if there(SAMPLES[name], path)]
        assert usable
        for kept in usable:
            sample = SAMPLES[name]
            for path in usable:
                sample = sample if path == kept else without(sample, path)
            accepted(sample)

    @looped("name, path", single_paths())
    def test_a_missing_parent_is_reported(self, name, path):
        """With its own path, and not with that of what it would hold."""
        parent = path.rpartition(".")[0]
        sample = without(SAMPLES[name], parent)
        if form_of(sample) is form_of(SAMPLES[name]):
            assert parent in errors(sample)

    def test_all_problems_are_reported_together(self):
        """So that whoever sends such bodies mends them once."""
        found = errors(
            {"trigger": "user_connection_status_changed", "data": {"timestamp": 5, "user": 7}}
        )
        assert set(found) == {"data.user", "data.status"}

    def test_the_error_names_the_trigger_and_shows_nothing_of_the_body(self):
        """It may be logged."""
        sample = changed(body("message_sent_text"), "data.message.id", ["very-private"])
        with pytest.raises(InvalidBodyError) as caught:
            accepted(sample)
        assert caught.value.trigger == "message_sent"
        assert caught.value.__suppress_context__
        assert "very-private" not in str(caught.value) + repr(caught.value) + str(
            caught.value.errors
        )


class TestEnvelope:
    @looped("trigger", WITH_DATA)
    def test_data_has_to_be_an_object(self, trigger):
        """Of every trigger that CometChat has told something of."""
        for value in (None, [5], "", 5, True, "text"):
            assert "data" in errors({"trigger": trigger, "data": value})
        assert "data" in errors({"trigger": trigger})

    @pytest.mark.parametrize("value", [None, [], "", 5, True, {}], ids=repr)
    def test_trigger_has_to_be_a_non_empty_string(self, value):
        """Without one, nothing can be said of a body."""
        with pytest.raises(InvalidBodyError) as caught:
            accepted({"trigger": value, "data": {}})
        assert list(caught.value.errors) == ["trigger"]
        assert caught.value.trigger is None

    @looped("trigger", ["group_painted", "Message_sent", "plugin.x", "a\x00", "\ud83d"])
    @looped(
        "rest",
        [
            {},
            {"message": {"id": "5"}},
            *({"data": data} for data in (None, "", 5, [5], {}, [], {"body": 5})),
            *({"data": {"message": message}} for message in ({}, {"sender": []})),
        ],
        ids=repr,
    )
    def test_an_unknown_trigger_needs_nothing_else(self, trigger, rest):
        """CometChat's Dashboard is ahead of its documentation, and a refused event is lost."""
        parsed = accepted({"trigger": trigger, **rest})
        assert (parsed.trigger, parsed.name) == (trigger, None)

    @pytest.mark.parametrize("trigger", [name for name, entry in TRIGGERS.items() if entry.is_ours])
    def test_a_trigger_of_ours_is_unknown_in_a_body(self, trigger):
        """Nobody else can make such an event."""
        parsed = accepted({"trigger": trigger, "data": {}})
        assert parsed.name is None
        assert [finding.path for finding in parsed.drift] == ["trigger"]


class TestNeverRefused:
    @pytest.mark.parametrize("name", EVERY_PLACE)
    def test_whatever_stands_in_an_optional_field(self, name):
        """At any depth."""
        for place in optional(SAMPLES[name]):
            for value in JUNK:
                # How it came is of no interest, and to write it as deep as some is takes longest.
                parsed = parse(put(SAMPLES[name], place.steps, value), b"as it came")
                assert parsed.trigger == SAMPLES[name]["trigger"], (place.path, repr(value)[:40])

    @looped("name", EVERY_PLACE)
    def test_an_optional_field_that_is_missing(self, name):
        """Each of them."""
        for place in optional(SAMPLES[name]):
            accepted(drop(SAMPLES[name], place.steps))

    @looped("name", EVERY_PLACE)
    def test_an_unknown_key_at_every_depth(self, name):
        """With whatever stands there."""
        for place in objects(SAMPLES[name]):
            accepted(put(SAMPLES[name], (*place.steps, "unheardOf"), {"deep": [HUGE, SURROGATE]}))

    @looped("name, path", [pair for pair in single_paths() if pair[1].endswith((".id", "Id"))])
    def test_an_id_as_a_number(self, name, path):
        """It says the same as with a string."""
        as_text = accepted(changed(SAMPLES[name], path, "57"))
        as_number = accepted(changed(SAMPLES[name], path, 57))
        assert said(as_text) == said(as_number)

    @looped("name, path", TIMES)
    @looped(
        "value",
        [
            *(1760000305, 1760000305000, "1760000305", "1760000305000"),
            *("2025-10-09T08:58:25Z", "2025-10-09T10:58:25+02:00", "2025-10-09 08:58:25"),
        ],
    )
    def test_a_time_as_number_string_or_date(self, name, path, value):
        """In any unit."""
        parsed = accepted(changed(SAMPLES[name], path, value))
        assert (parsed.occurred_at, parsed.drift) == (1760000305000, ())

    @pytest.mark.parametrize("name, path", TIMES)
    @pytest.mark.parametrize("value", [None, 0, "0", ""])
    def test_a_time_that_never_was(self, name, path, value):
        """Then the event has none."""
        parsed = accepted(changed(SAMPLES[name], path, value))
        assert (parsed.occurred_at, parsed.drift) == (None, ())

    @pytest.mark.parametrize(
        "name, path", [("message_sent_text", "data.message"), ("legacy_before_message", "data")]
    )
    @pytest.mark.parametrize("text", [SURROGATE, NUL, HUGE, float(HUGE), None, ""], ids=repr)
    def test_any_text(self, name, path, text):
        """Half an emoji is no reason to lose a message."""
        accepted(changed(body(name), f"{path}.data.text", text))

    @looped("uids", MANY, ids=repr)
    @looped("name, path", BY_ID)
    def test_a_list_of_users(self, name, path, uids):
        """Where an object is documented whose keys are their uids; PHP writes an empty one as a
        list.
        """
        listed = [{"uid": uid, "name": "A name"} for uid in uids]
        parsed = accepted(changed(SAMPLES[name], path, listed))
        by_uid = accepted(changed(SAMPLES[name], path, {str(user["uid"]): user for user in listed}))
        event = event_of(changed(SAMPLES[name], path, listed))
        found = getattr(event, path.rpartition(".")[2])
        assert [user.uid for user in found] == [str(uid) for uid in uids]
        assert (parsed.sender, parsed.key, parsed.drift) == (by_uid.sender, by_uid.key, ())

    @pytest.mark.parametrize("name, path", BY_ID)
    def test_a_list_of_uids(self, name, path):
        """Which is drift all the same."""
        sample = changed(SAMPLES[name], path, ["ben", 57])
        event = event_of(sample)
        found = getattr(event, path.rpartition(".")[2])
        assert [user.uid for user in found] == ["ben", "57"]
        assert [finding.path for finding in accepted(sample).drift] == [f"{path}[]"]

    @pytest.mark.parametrize("name", ["message_sent_text", "message_sent_sdk"])
    def test_a_uid_that_is_a_number(self, name):
        """It becomes a text, wherever it stands."""
        message = body(name)["data"]["message"]
        is_user = isinstance(message["sender"], dict)
        sample = body(name)
        for key, number in (("sender", 9), ("receiver", 10)):
            whole = {"uid": number, "name": "A name"} if is_user else number
            sample = changed(sample, f"data.message.{key}", whole)
        sample = without(sample, "data.message.conversationId")
        parsed, event = accepted(sample), event_of(sample)
        assert (parsed.sender, parsed.conversation_id) == ("9", "10_user_9")
        assert (event.message.sender.uid, event.message.receiver.uid) == ("9", "10")
        assert event.message.conversation_id == "10_user_9"
        assert parsed.drift == ()

    def test_a_guid_that_is_a_number(self):
        """It becomes a text."""
        sample = changed(SAMPLES["group_updated usual"], "data.group.guid", 57)
        assert accepted(sample).conversation_id == "group_57"
        assert (event_of(sample).group.guid, accepted(sample).drift) == ("57", ())

    @pytest.mark.parametrize("uid", [SURROGATE, NUL, "a\nb", "🚢", "_user_"], ids=repr)
    def test_any_uid_that_is_a_text(self, uid):
        """What a uid may be made of is CometChat's business."""
        assert (
            accepted(changed(body("message_sent_text"), "data.message.sender", uid)).sender == uid
        )
