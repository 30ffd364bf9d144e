"""The fields: strict exactly when they are required."""

import pytest
from marshmallow import ValidationError

from schemas.envelope import EnvelopeSchema, WireSchema
from schemas.fields import Id, Object, Party, ReceiverType, Text, Time


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
EMPTY = dict.fromkeys(NAMES[:-1]) | {"inner": {"id": None, "text": None}}


class TestNotRequired:
    @pytest.mark.parametrize("value", [None, "", [], True, 2**70 + 0.5, "\x00", "\ud83d"])
    def test_nothing_is_refused(self, value):
        """Whatever stands in an optional field, the body is loaded."""
        _OuterSchema().load(dict.fromkeys(NAMES, value))

    def test_what_makes_no_sense_is_loaded_as_none(self):
        assert _OuterSchema().load({name: [] for name in NAMES}) == EMPTY

    def test_what_is_missing_is_loaded_as_none(self):
        assert _OuterSchema().load({}) == EMPTY

    def test_unknown_keys_are_not_loaded(self):
        assert _OuterSchema().load({"later": 1, "inner": {"later": 1}}) == EMPTY


class TestRequired:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("value", [None, "", [], True, {}])
    def test_a_wrong_value_is_refused(self, name, value):
        path = "inner.id" if name == "inner" else name
        with pytest.raises(ValidationError) as caught:
            _OuterSchema([path]).load({name: value})
        assert list(caught.value.messages) == [name]

    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_value_is_refused(self, name):
        with pytest.raises(ValidationError) as caught:
            _OuterSchema([name]).load({})
        assert caught.value.messages == {name: ["Missing data for required field."]}

    def test_only_what_the_paths_name_is_required(self):
        loaded = _OuterSchema(["inner.id"]).load({"inner": {"id": 5}, "text": []})
        assert loaded["inner"] == {"id": "5", "text": None}

    def test_two_instances_do_not_share_what_is_required(self):
        strict, lenient = _OuterSchema(["id", "inner.id"]), _OuterSchema()
        assert lenient.load({}) == EMPTY
        with pytest.raises(ValidationError):
            strict.load({})

    @pytest.mark.parametrize("path", ["nosuch", "inner.nosuch"])
    def test_a_path_without_a_field_is_a_mistake_in_the_table(self, path):
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
        self.schema.load({"trigger": "t", "data": {"id": 5, **data}})

    @pytest.mark.parametrize(
        "data", [{}, {"text": ""}, {"inner": None}, {"text": None, "inner": {"text": {}}}]
    )
    def test_none_of_them_is_reported_at_the_first(self, data):
        with pytest.raises(ValidationError) as caught:
            self.schema.load({"trigger": "t", "data": {"id": 5, **data}})
        assert caught.value.messages == {"data.text": ["Missing or not valid: data.text or data.inner.text."]}

    def test_it_is_reported_together_with_other_errors(self):
        with pytest.raises(ValidationError) as caught:
            self.schema.load({"trigger": "t", "data": {}})
        assert set(caught.value.messages) == {"data", "data.text"}
