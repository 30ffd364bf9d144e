"""The fields: strict exactly when they are required."""

import pytest
from marshmallow import ValidationError

from comethooks.schemas.wire.envelope import EnvelopeSchema, WireSchema
from comethooks.schemas.wire.fields import (
    Entity,
    Flag,
    Free,
    Id,
    Number,
    Object,
    ObjectMap,
    Objects,
    Party,
    ReceiverType,
    Text,
    Texts,
    Time,
    declared,
)
from comethooks.schemas.wire.messages import EntitiesSchema
from tests.looped import looped


class _InnerSchema(WireSchema):
    id = Id()
    text = Text()


class _OuterSchema(WireSchema):
    id = Id()
    text = Text()
    party = Party()
    kind = ReceiverType()
    time = Time()
    inner = Object(_InnerSchema)


NAMES = ["id", "text", "party", "kind", "time", "inner"]
EMPTY = dict.fromkeys(NAMES[:-1]) | {"inner": {}}


class TestNotRequired:
    @pytest.mark.parametrize("value", [None, "", [], True, 2**70 + 0.5, "\x00", "\ud83d"])
    def test_nothing_is_refused(self, value):
        """Whatever stands in an optional field, the body is loaded."""
        _OuterSchema().load(dict.fromkeys(NAMES, value))

    def test_what_makes_no_sense_is_loaded_as_none(self):
        """Only what is required can refuse a body."""
        assert _OuterSchema().load({name: [] for name in NAMES}) == EMPTY

    def test_what_is_missing_is_loaded_as_none(self):
        """Every field is in the loaded data."""
        assert _OuterSchema().load({}) == EMPTY

    def test_unknown_keys_are_not_loaded(self):
        """Neither is what is below an object that nothing is asked of: it is there as it came."""
        assert _OuterSchema().load({"later": 1, "inner": {"later": 1}}) == EMPTY | {
            "inner": {"later": 1}
        }


class TestRequired:
    @looped("name", NAMES)
    @looped("value", [None, "", [], True, {}])
    def test_a_wrong_value_is_refused(self, name, value):
        """With what was expected in its place."""
        path = "inner.id" if name == "inner" else name
        with pytest.raises(ValidationError) as caught:
            _OuterSchema([path]).load({name: value})
        assert list(caught.value.messages) == [name]

    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_value_is_refused(self, name):
        """Null is as good as missing."""
        with pytest.raises(ValidationError) as caught:
            _OuterSchema([name]).load({})
        assert caught.value.messages == {name: ["Missing data for required field."]}

    def test_only_what_the_paths_name_is_required(self):
        """And, with any path, nothing else is loaded."""
        loaded = _OuterSchema(["inner.id"]).load({"inner": {"id": 5, "text": "a"}, "text": []})
        assert loaded == {"inner": {"id": "5"}}

    def test_what_is_wanted_is_loaded_and_may_be_missing(self):
        """So that a key can be made of it."""
        schema = _OuterSchema(["inner.id"], ["inner.text", "time"])
        assert schema.load({"inner": {"id": 5}}) == {
            "inner": {"id": "5", "text": None},
            "time": None,
        }
        assert schema.load({"inner": {"id": 5, "text": "a"}, "time": "5"}) == {
            "inner": {"id": "5", "text": "a"},
            "time": 5000,
        }

    def test_two_instances_do_not_share_what_is_required(self):
        """One schema serves several triggers."""
        strict, lenient = _OuterSchema(["id", "inner.id"]), _OuterSchema()
        assert lenient.load({}) == EMPTY
        with pytest.raises(ValidationError):
            strict.load({})

    @pytest.mark.parametrize("path", ["nosuch", "inner.nosuch"])
    def test_a_path_without_a_field_is_a_mistake_in_the_table(self, path):
        """It is found when the schema is built."""
        with pytest.raises(ValueError, match="nosuch"):
            _OuterSchema([path])


class _ChoiceSchema(EnvelopeSchema):
    data = Object(_OuterSchema, required=True)


class TestChoice:
    schema = _ChoiceSchema(["data.id", "data.text|data.inner.text"])

    @pytest.mark.parametrize(
        "data", [{"text": "a"}, {"inner": {"text": "a"}}, {"text": [], "inner": {"text": "a"}}]
    )
    def test_one_of_them_is_enough(self, data):
        """Whichever it is."""
        self.schema.load({"trigger": "t", "data": {"id": 5, **data}})

    @pytest.mark.parametrize(
        "data", [{}, {"text": ""}, {"inner": None}, {"text": None, "inner": {"text": {}}}]
    )
    def test_none_of_them_is_reported_at_the_first(self, data):
        """With all of them in the text."""
        with pytest.raises(ValidationError) as caught:
            self.schema.load({"trigger": "t", "data": {"id": 5, **data}})
        assert caught.value.messages == {
            "data.text": ["Missing or not valid: data.text or data.inner.text."]
        }

    def test_it_is_reported_together_with_other_errors(self):
        """Whoever sent the body learns of all at once."""
        with pytest.raises(ValidationError) as caught:
            self.schema.load({"trigger": "t", "data": {}})
        assert set(caught.value.messages) == {"data", "data.text"}


class TestExpects:
    """Of which values drift is told."""

    @pytest.mark.parametrize(
        "field, known, unknown",
        [
            (Text(), ["a", ""], [5, True, [], {}]),
            (Id(), ["a", "", 5, 5.0], [5.5, True, [], {}]),
            (ReceiverType(), ["user", "GROUP", ""], ["bot", 5]),
            (Time(), [5, "5", 5.5, 0, "0", "", "2025-10-09"], ["soon", -5, True, []]),
            (Flag(), [True, 0, 1, "0", "true", "FALSE", ""], ["yes", 2, 0.0, []]),
            (Number(), [5, 5.5, "5", "21.433000", "-1", ""], ["many", True, []]),
            (Texts(), [[], ["a"]], ["a", [5], {}]),
            (Free(), [5, "a", [5], {"a": 1}, True], []),
            (Object(), [{}, {"a": 1}, []], [[5], "a", 5]),
            (Objects(), [[], [{}], [5]], [{}, "a"]),
            (ObjectMap(), [{}, {"a": 1}, [], [{"uid": "a"}]], ["a", 5]),
            (Party(), ["a", "", 5, {}, {"uid": "a"}, {"name": "a"}], [5.5, True, []]),
            (Entity(_InnerSchema), [{}, {"id": 5}, []], ["a", [5]]),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_what_the_wire_is_known_to_hold(self, field, known, unknown):
        """A required field is stricter: it refuses what is empty, too."""
        assert [value for value in known if not field.expects(value)] == []
        assert [value for value in unknown if field.expects(value)] == []


class TestMarks:
    def test_what_its_author_put_there_is_personal_unless_it_says_otherwise(self):
        """Nobody knows what is in it."""
        assert Free().personal
        assert not Free(personal=False).personal

    @pytest.mark.parametrize("field", [Text(), Id(), Time(), Object(), Party()])
    def test_anything_else_is_neither_secret_nor_personal_unless_it_says_so(self, field):
        """Ids, times and kinds are what remains of a redacted body."""
        assert (field.secret, field.personal) == (False, False)


class TestDeclared:
    def test_gives_the_fields_under_the_keys_of_the_wire(self):
        """Some keys are no names in Python."""
        assert set(declared(EntitiesSchema)) == {"sender", "receiver", "by", "on", "for"}

    @pytest.mark.parametrize(
        "entity, known",
        [
            ({"uid": "a"}, "authToken"),
            ({"guid": "a"}, "password"),
            ({"guid": "a", "uid": "b"}, "joinedAt"),
            ({"sessionid": "a"}, "wsChannel"),
            ({"id": "5"}, "sentAt"),
        ],
    )
    def test_what_an_entity_is_its_keys_tell(self, entity, known):
        """A user, a group, a member, a call, a message."""
        by = declared(EntitiesSchema)["by"].below({})["entity"]
        assert known in by.below(entity)
