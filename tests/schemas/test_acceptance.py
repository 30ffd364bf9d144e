"""What is refused, field by field, and that nothing else is."""

import pytest

from schemas import TRIGGERS, InvalidBodyError, decode, parse
from tests.bodies import NAMES, body, changed, dump, objects_in, paths_in, raw, without

SURROGATE, NUL, HUGE = "\ud83d", "a\x00b", 2**70
KNOWN = [name for name in NAMES if body(name)["trigger"] in TRIGGERS]


def accepted(value):
    return parse(value, dump_any(value))


def dump_any(value):
    try:
        return dump(value)
    except TypeError:  # what orjson cannot write; the raw body only has to be some bytes here
        return repr(value).encode("utf-8", "backslashreplace")


def errors(value):
    with pytest.raises(InvalidBodyError) as caught:
        accepted(value)
    return caught.value.errors


def required_paths(name):
    sample = body(name)
    return TRIGGERS[sample["trigger"]].form_of(sample).required


def single_paths():
    return [(name, path) for name in KNOWN for path in required_paths(name) if "|" not in path]


def choices():
    return [(name, path.split("|")) for name in KNOWN for path in required_paths(name) if "|" in path]


def is_part_of(path, whole):
    return path == whole or path.startswith(f"{whole}.")


def optional_paths():
    """Everything in every body, at any depth, whose value may be anything."""
    for name in KNOWN:
        strict = ["trigger", *(path for path in required_paths(name) if "|" not in path)]
        for path in paths_in(body(name)):
            if not any(is_part_of(path, needed) or is_part_of(needed, path) for needed in strict):
                yield name, path


class TestBodies:
    @pytest.mark.parametrize("name", NAMES)
    def test_every_recorded_body_is_accepted(self, name):
        assert parse(decode(raw(name)), raw(name)).trigger == body(name)["trigger"]

    @pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("legacy", "bot"))])
    def test_optional_keys_may_end_with_a_question_mark_or_not(self, name):
        sample = body(name)
        bare = {key.removesuffix("?"): value for key, value in sample.items()}
        marked = {key: value for key, value in sample.items() if key not in ("region", "chatAPIVersion")}
        marked |= {"region?": "eu", "chatAPIVersion?": "3.0"}
        assert accepted(bare) == accepted(marked) == accepted(sample)


class TestTableRequires:
    """The table, written out a second time by hand."""

    @pytest.mark.parametrize(
        "name, paths",
        [
            (
                "legacy_before_message",
                {f"data.{key}" for key in ("sender", "receiver", "receiverType", "category", "type")},
            ),
            (
                "legacy_after_message",
                {f"data.{key}" for key in ("id", "sender", "receiver", "receiverType", "category", "type")},
            ),
            (
                "message_sent_text",
                {
                    f"data.message.{key}"
                    for key in ("id", "sender", "receiver", "receiverType", "category", "type")
                },
            ),
            ("message_read_receipt", {"data.body.messageId", "data.body.user.uid", "data.body.timestamp"}),
            ("legacy_message_read_receipt", {"data.messageId", "data.receiptSender", "data.readAt"}),
            ("legacy_message_delivery_receipt", {"data.messageId", "data.receiptSender", "data.deliveredAt"}),
            (
                "user_connection_status_changed",
                {"data.user.uid", "data.status|data.currentConnection.action", "data.timestamp"},
            ),
            (
                "legacy_after_connection_status_changed",
                {
                    "data.user.uid",
                    "data.user.status|data.event.type",
                    "data.event.at|data.user.status_updated_at",
                },
            ),
        ],
    )
    def test_exactly_this(self, name, paths):
        assert set(required_paths(name)) == paths


class TestRequired:
    @pytest.mark.parametrize("name, path", single_paths())
    def test_missing_is_reported_with_its_path(self, name, path):
        assert errors(without(body(name), path)) == {path: ["Missing data for required field."]}

    @pytest.mark.parametrize("value", [None, [], {}, "", {"x": 1}, ["x"], True], ids=repr)
    @pytest.mark.parametrize("name, path", single_paths())
    def test_a_wrong_type_is_reported_with_its_path(self, name, path, value):
        assert list(errors(changed(body(name), path, value))) == [path]

    @pytest.mark.parametrize("value", [None, [], {}, "", True])
    @pytest.mark.parametrize("name, paths", choices())
    def test_a_choice_of_which_nothing_is_there_is_reported_at_the_first(self, name, paths, value):
        sample = body(name)
        for path in paths:
            sample = changed(sample, path, value)
        assert list(errors(sample)) == [paths[0]]

    @pytest.mark.parametrize("name, paths", choices())
    def test_one_of_a_choice_is_enough(self, name, paths):
        for left_out in paths:
            accepted(without(body(name), left_out))

    @pytest.mark.parametrize("name, path", single_paths())
    def test_a_missing_parent_is_reported(self, name, path):
        parent = path.rpartition(".")[0]
        assert parent in errors(without(body(name), parent))

    def test_all_problems_are_reported_together(self):
        found = errors({"trigger": "message_sent", "data": {"message": {"id": True, "sender": "ada"}}})
        assert set(found) == {
            f"data.message.{key}" for key in ("id", "receiver", "receiverType", "category", "type")
        }

    def test_the_error_names_the_trigger_and_shows_nothing_of_the_body(self):
        sample = changed(body("message_sent_text"), "data.message.category", ["very-private"])
        with pytest.raises(InvalidBodyError) as caught:
            accepted(sample)
        assert caught.value.trigger == "message_sent"
        assert caught.value.__suppress_context__
        assert "very-private" not in str(caught.value) + repr(caught.value) + str(caught.value.errors)

    def test_the_wrong_receiver_type_is_refused(self):
        assert list(errors(changed(body("message_sent_text"), "data.message.receiverType", "bot"))) == [
            "data.message.receiverType"
        ]


class TestEnvelope:
    @pytest.mark.parametrize("trigger", ["message_sent", "group_painted"])
    @pytest.mark.parametrize("value", [None, [], "", 5, True, "text"], ids=repr)
    def test_data_has_to_be_an_object(self, trigger, value):
        assert list(errors({"trigger": trigger, "data": value})) == ["data"]
        assert list(errors({"trigger": trigger})) == ["data"]

    @pytest.mark.parametrize("value", [None, [], "", 5, True, {}], ids=repr)
    def test_trigger_has_to_be_a_non_empty_string(self, value):
        with pytest.raises(InvalidBodyError) as caught:
            accepted({"trigger": value, "data": {}})
        assert list(caught.value.errors) == ["trigger"]
        assert caught.value.trigger is None

    @pytest.mark.parametrize(
        "trigger", ["group_painted", "push-notification-payload-generated", "a\x00", "\ud83d"]
    )
    @pytest.mark.parametrize("data", [{}, {"message": {}}, {"message": {"sender": []}}, {"body": 5}])
    def test_an_unknown_trigger_needs_nothing_else(self, trigger, data):
        parsed = accepted({"trigger": trigger, "data": data})
        assert (parsed.trigger, parsed.name) == (trigger, None)


class TestNeverRefused:
    @pytest.mark.parametrize("name, path", list(optional_paths()))
    def test_whatever_stands_in_an_optional_field(self, name, path):
        for value in (None, [], {}, "", 0, -1, True, SURROGATE, NUL, HUGE, float(HUGE), [[]], {"a": [{}]}):
            assert accepted(changed(body(name), path, value)).trigger == body(name)["trigger"]

    @pytest.mark.parametrize("name, path", list(optional_paths()))
    def test_an_optional_field_that_is_missing(self, name, path):
        accepted(without(body(name), path))

    @pytest.mark.parametrize("name", NAMES)
    def test_an_unknown_key_at_every_depth(self, name):
        for depth in range(len(list(objects_in(body(name))))):
            sample = body(name)
            list(objects_in(sample))[depth]["unheardOf"] = {"deep": [HUGE, SURROGATE]}
            accepted(sample)

    @pytest.mark.parametrize(
        "name, path", [pair for pair in single_paths() if pair[1].endswith((".id", ".messageId"))]
    )
    def test_an_id_as_a_number(self, name, path):
        sample = body(name)
        as_text = accepted(changed(sample, path, "57"))
        as_number = accepted(changed(sample, path, 57))
        assert as_text == as_number

    @pytest.mark.parametrize(
        "name, path",
        [
            (name, path)
            for name, path in single_paths()
            if path.endswith(("timestamp", "deliveredAt", "readAt"))
        ],
    )
    @pytest.mark.parametrize("value", [1760000305, 1760000305000, "1760000305", "1760000305000"])
    def test_a_time_in_any_unit_as_number_or_string(self, name, path, value):
        assert accepted(changed(body(name), path, value)).occurred_at == 1760000305000

    @pytest.mark.parametrize(
        "name, path", [("message_sent_text", "data.message"), ("legacy_before_message", "data")]
    )
    @pytest.mark.parametrize("text", [SURROGATE, NUL, HUGE, float(HUGE), None, ""], ids=repr)
    def test_any_text(self, name, path, text):
        accepted(changed(body(name), f"{path}.data.text", text))

    @pytest.mark.parametrize("uid", [SURROGATE, NUL, "a\nb", "🚢", "_user_"], ids=repr)
    def test_any_uid_that_is_a_text(self, uid):
        assert accepted(changed(body("message_sent_text"), "data.message.sender", uid)).sender == uid
