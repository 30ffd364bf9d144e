"""Samples are bodies that CometChat could have sent, and no two are the same event."""

from random import Random

import pytest

import schemas
from tests.webhooks.samples import raw
from webhooks.samples import CURRENT, LEGACY, put, sample, value_of

NOW = 1_790_000_000_123
FORMS = [(trigger, False) for trigger in CURRENT] + [(trigger, True) for trigger in LEGACY]


def parsed(body):
    return schemas.parse(schemas.decode(raw(body)), raw(body))


class TestSample:
    @pytest.mark.parametrize(("trigger", "legacy"), FORMS)
    def test_every_sample_fits_its_schema(self, trigger, legacy):
        for seed in range(20):
            found = parsed(sample(trigger, now_ms=NOW, random=Random(seed), app_id="app1", legacy=legacy))
            assert (found.trigger, found.app_id) == (trigger, "app1")
            assert all((found.name, found.sender, found.key))
            assert found.occurred_at is not None
            assert found.occurred_at // 1000 == NOW // 1000

    @pytest.mark.parametrize(("trigger", "legacy"), FORMS)
    def test_no_sample_repeats_another(self, trigger, legacy):
        random = Random(7)
        keys = {
            parsed(sample(trigger, now_ms=NOW + number, random=random, legacy=legacy)).duplicate_key
            for number in range(1000)
        }
        assert len(keys) == 1000

    @pytest.mark.parametrize("trigger", ["message_delivery_receipt", "message_read_receipt"])
    def test_receipts_are_current_unless_asked_for_as_legacy(self, trigger):
        current = sample(trigger, now_ms=NOW, random=Random(1))
        legacy = sample(trigger, now_ms=NOW, random=Random(1), legacy=True)
        assert current["data"]["body"]["messageId"]
        assert legacy["data"]["receiptType"] in ("delivered", "read")

    def test_a_message_belongs_to_two_users_or_to_a_group(self):
        bodies = [sample("message_sent", now_ms=NOW, random=Random(seed)) for seed in range(50)]
        kinds = {body["data"]["message"]["receiverType"] for body in bodies}
        assert kinds == {"user", "group"}

    def test_a_message_in_flight_has_no_id_yet(self):
        assert "id" not in sample("before_message", now_ms=NOW, random=Random(1))["data"]

    def test_there_is_no_legacy_form_of_a_current_trigger(self):
        with pytest.raises(KeyError):
            sample("message_sent", now_ms=NOW, random=Random(1), legacy=True)


class TestPut:
    def test_changes_a_value(self):
        body = {"data": {"text": "a"}}
        put(body, "data.text", "b")
        assert body == {"data": {"text": "b"}}

    def test_makes_the_objects_on_the_way(self):
        body = {}
        put(body, "data.metadata.ours", 1)
        assert body == {"data": {"metadata": {"ours": 1}}}

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("a.1", [{"b": 1}, "new"]), ("a.0.b", [{"b": "new"}, 2]), ("a.2", [{"b": 1}, 2, "new"])],
    )
    def test_a_number_is_a_place_in_a_list(self, path, expected):
        body = {"a": [{"b": 1}, 2]}
        put(body, path, "new")
        assert body == {"a": expected}

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("a.x", "a is a text and no object, so nothing can be set at a.x"),
            ("a.x.y", "a is a text and no object"),
            ("n.x", "n is null and no object"),
            ("c.d.e", "c.d is a number and no object"),
            ("l.3", "l is a list, and '3' is no place in it (allowed: from 0 to 1)"),
            ("l.x", "l is a list, and 'x' is no place in it"),
            ("l.-1", "l is a list"),
            ("e.0.x", "e is a list, and '0' is no place in it (allowed: none, because it is empty)"),
            ("a..b", "the path 'a..b' has an empty part"),
            ("", "the path '' has an empty part"),
        ],
    )
    def test_says_what_is_in_the_way(self, path, text):
        with pytest.raises(ValueError) as caught:
            put({"a": "text", "n": None, "c": {"d": 1}, "l": [1], "e": []}, path, 1)
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hello", "hello"),
        ('"hello"', "hello"),
        ("5", 5),
        ("null", None),
        ('{"a": [1]}', {"a": [1]}),
        ("NaN", "NaN"),
        ("", ""),
        ('"\\ud83d"', "\ud83d"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_is_json_or_else_text(text, value):
    assert value_of(text) == value
