"""What the schemas do not know, or know otherwise: accepted, and told with its path; refused in
strict mode.
"""

import dataclasses

import pytest

from comethooks.schemas import TRIGGERS, Drift, DriftKind, InvalidBodyError, decode, parse
from comethooks.schemas.drift import LONGEST_PATH, MOST_FINDINGS
from tests.bodies import body, changed, dump
from tests.looped import looped
from tests.schemas.samples import (
    EVERY_PLACE,
    KNOWN,
    SAMPLES,
    accepted,
    is_free,
    objects,
    optional,
    put,
    said,
)


def field(path):
    return Drift(DriftKind.FIELD, path)


def wrong(path):
    return Drift(DriftKind.TYPE, path)


def mistyped(value):
    """Something of a type that no field has instead of such a value."""
    return 5.5 if isinstance(value, dict | list) else [{}]


def emptied(value):
    return type(value)() if isinstance(value, dict | list | str) else value


def typed(name):
    """What is optional in a sample and belongs to CometChat."""
    return [place for place in optional(SAMPLES[name]) if not is_free(place)]


class TestSamples:
    @looped("name", KNOWN)
    def test_nothing_is_wrong_with_them(self, name):
        """Whatever is documented, or was seen live, is known."""
        assert accepted(SAMPLES[name]).drift == ()


class TestUnknownField:
    @looped("name", EVERY_PLACE)
    def test_is_told_with_its_path_at_every_depth(self, name):
        """In a list and below an id as well, of which the path says nothing."""
        seen = list(objects(SAMPLES[name]))
        assert seen
        for place in seen:
            path = f"{place.path}.unheardOf".lstrip(".")
            for value in (1, "text", {"deep": [1]}):
                changed = put(SAMPLES[name], (*place.steps, "unheardOf"), value)
                assert accepted(changed).drift == (field(path),), path

    @looped("name", EVERY_PLACE)
    def test_is_told_even_when_it_is_null(self, name):
        """It is there."""
        assert accepted({**SAMPLES[name], "later": None}).drift == (field("later"),)

    def test_what_is_free_is_no_business_of_ours(self):
        """Metadata and custom data belong to their authors."""
        for path in ("data.message.data.metadata", "data.message.data.customData"):
            sample = changed(body("message_sent_text"), path, {"any": {"thing": [{"at": "all"}]}})
            assert accepted(sample).drift == ()


class TestWrongType:
    @looped("name", EVERY_PLACE)
    def test_of_whatever_is_optional_is_told_with_its_path(self, name):
        """And the body is accepted."""
        for place in typed(name):
            sample = put(SAMPLES[name], place.steps, mistyped(place.value))
            assert accepted(sample).drift == (wrong(place.path),), place.path

    @pytest.mark.parametrize(
        "path, value",
        [
            ("sentAt", "yesterday"),
            ("sentAt", -1),
            ("receiverType", 5),
            ("tags", ["a", 5]),
            ("tags", "a"),
            ("data.text", 5),
            ("data.entities", [{}]),
            ("data.entities.sender.entity", "ada"),
            ("data.entities.sender.entity.lastActiveAt", True),
            ("replyCount", "many"),
            ("editedBy", ["ada"]),
        ],
    )
    def test_is_one_that_its_rule_makes_nothing_of(self, path, value):
        """A string may be a time, and may be none."""
        sample = changed(body("message_sent_text"), f"data.message.{path}", value)
        assert accepted(sample).drift == (wrong(f"data.message.{path}"),)

    def test_an_item_of_a_list_that_is_no_object(self):
        """Its place in the list does not matter."""
        sample = changed(
            body("message_sent_media"),
            "data.message.data.attachments",
            [{"url": "https://x.example"}, 5, 6],
        )
        assert accepted(sample).drift == (wrong("data.message.data.attachments[]"),)


class TestNoDrift:
    @looped("name", EVERY_PLACE)
    def test_null_is_expected_everywhere(self, name):
        """CometChat writes it for what does not apply."""
        for place in optional(SAMPLES[name]):
            sample = put(SAMPLES[name], place.steps, None)
            assert accepted(sample).drift == (), place.path

    @looped("name", EVERY_PLACE)
    def test_so_is_what_is_empty(self, name):
        """An empty string, object or list says as much as null."""
        for place in optional(SAMPLES[name]):
            sample = put(SAMPLES[name], place.steps, emptied(place.value))
            assert accepted(sample).drift == (), place.path

    @pytest.mark.parametrize("value", [0, "0", "", None, 0.0])
    def test_a_time_that_never_was_is_written_in_many_ways(self, value):
        """All of them are in real bodies."""
        sample = changed(body("message_sent_text"), "data.message.readAt", value)
        assert accepted(sample).drift == ()

    @pytest.mark.parametrize("value", ["0", "1", "true", "FALSE", True, 0, 1])
    def test_so_is_a_flag(self, value):
        """SDKs write "0" and "1"."""
        sample = changed(body("message_sent_sdk"), "data.message.sender.blockedByMe", value)
        assert accepted(sample).drift == ()

    @pytest.mark.parametrize("value", [[], {}])
    def test_members_may_be_an_empty_list(self, value):
        """PHP writes an empty map so."""
        sample = changed(SAMPLES["group_created usual"], "data.members", value)
        assert accepted(sample).drift == ()


class TestUnknownTrigger:
    def test_is_told(self):
        """And what is in its envelope; of its data nothing is known."""
        sample = {"trigger": "group_painted", "data": {"any": 1}, "colour": "red"}
        assert accepted(sample).drift == (Drift(DriftKind.TRIGGER, "trigger"), field("colour"))

    def test_with_a_message_is_read_as_one(self):
        """So that it belongs to a conversation, and its drift is told."""
        sample = changed(body("message_sent_text"), "trigger", "message_sung")
        parsed = accepted(changed(sample, "data.message.tune", 5))
        assert parsed.conversation_id == "harbor-ada_user_harbor-ben"
        assert parsed.drift == (Drift(DriftKind.TRIGGER, "trigger"), field("data.message.tune"))


class TestLimits:
    def test_so_many_findings_are_enough(self):
        """Whoever sends more is sending something else."""
        sample = body("message_sent_text") | {f"key{number}": 1 for number in range(1000)}
        assert len(accepted(sample).drift) == MOST_FINDINGS

    def test_the_same_finding_is_told_once(self):
        """However many items of a list have it."""
        sample = changed(
            body("message_sent_media"),
            "data.message.data.attachments",
            [{"x": 1}, {"x": 2}, {"x": 3}],
        )
        assert accepted(sample).drift == (field("data.message.data.attachments[].x"),)

    def test_a_path_is_cut(self):
        """A key may be as long as a body."""
        (finding,) = accepted(body("message_sent_text") | {"k" * 10_000: 1}).drift
        assert len(finding.path) == LONGEST_PATH
        assert finding.path.endswith("…")

    def test_a_message_in_a_message_in_a_message_ends_somewhere(self):
        """Quoting may go on for as long as a decoder follows."""
        deep = b'{"quotedMessage":' * 900 + b'{"x":1}' + b"}" * 900
        raw = dump(body("message_sent_text")).replace(
            b'"metadata":{', b'"later":' + deep + b',"metadata":{'
        )
        sample = decode(raw)
        sample["data"]["message"]["quotedMessage"] = sample["data"]["message"]["data"].pop("later")
        assert parse(sample, raw).drift == ()

    def test_values_are_never_told(self):
        """Drift is shown, logged and counted."""
        sample = changed(body("message_sent_text"), "data.message.sentAt", "very-private")
        assert "very-private" not in repr(accepted(sample).drift)


class TestStrict:
    @looped("name", KNOWN)
    def test_what_is_known_is_accepted(self, name):
        """The same way as otherwise."""
        assert accepted(SAMPLES[name], strict={"*"}) == accepted(SAMPLES[name])

    @looped("name", EVERY_PLACE)
    def test_refuses_with_the_same_paths(self, name):
        """Field by field, like what is missing."""
        trigger = SAMPLES[name]["trigger"]
        for place in objects(SAMPLES[name]):
            sample = put(SAMPLES[name], (*place.steps, "unheardOf"), 1)
            drift = accepted(sample).drift
            with pytest.raises(InvalidBodyError) as caught:
                accepted(sample, strict={trigger})
            assert caught.value.errors == {
                finding.path: ["Not a known field."] for finding in drift
            }
            assert caught.value.trigger == trigger
        for place in typed(name):
            sample = put(SAMPLES[name], place.steps, mistyped(place.value))
            with pytest.raises(InvalidBodyError) as caught:
                accepted(sample, strict={trigger})
            assert caught.value.errors == {place.path: ["Not of a known type."]}

    @pytest.mark.parametrize("strict", [{"*"}, {"group_painted"}])
    def test_refuses_an_unknown_trigger(self, strict):
        """With the name of the one that it is strict about, or of all."""
        with pytest.raises(InvalidBodyError) as caught:
            accepted({"trigger": "group_painted", "data": {}}, strict=strict)
        assert caught.value.errors == {"trigger": ["Not a known trigger."]}

    def test_is_for_the_triggers_that_are_named(self):
        """All others stay tolerant."""
        sample = body("message_sent_text") | {"later": 1}
        others = set(TRIGGERS) - {"message_sent"}
        assert accepted(sample, strict=others) == accepted(sample)

    def test_changes_nothing_else(self):
        """What is not known says nothing that is. It is no repeat, though, since it differs."""
        plain = accepted(body("message_sent_text"))
        drifting = accepted(body("message_sent_text") | {"later": 1})
        assert said(dataclasses.replace(drifting, drift=())) == said(plain)
        assert drifting.duplicate_key != plain.duplicate_key
