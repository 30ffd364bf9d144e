"""A compiled load gives what the Marshmallow schema gives, or leaves the body to it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from comethooks.schemas import TRIGGERS
from comethooks.schemas.decoding import trigger_of
from comethooks.schemas.drift import drift_in
from comethooks.schemas.triggers.table import entry_for
from comethooks.schemas.triggers.trigger import Form
from comethooks.schemas.wire import envelope
from comethooks.schemas.wire.compiled import compiled
from comethooks.schemas.wire.fields import Text
from comethooks.schemas.wire.wire_field import Declared
from tests.looped import looped
from tests.schemas.samples import EVERY_PLACE, SAMPLES, drop, entry_of, places, put
from tests.schemas.test_properties import JUNK

FORMS = [form for entry in TRIGGERS.values() for form in entry.forms]
checked = settings(
    max_examples=400,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

NAMES = st.sampled_from(sorted(SAMPLES))
CHANGES = st.lists(st.tuples(st.integers(0), JUNK), max_size=5)
"""At which of its places, and what stands there instead."""


def judged(form: Form, body: dict[str, Any]) -> dict[str, Any] | None:
    """What the schema loads; None when it refuses."""
    try:
        loaded: dict[str, Any] = form.schema.load(body)
    except ValidationError:
        return None
    return loaded


def check_same(form: Form, body: dict[str, Any]) -> None:
    """Nothing is accepted that the schema refuses, and nothing is loaded otherwise.

    By the text, which tells 1 from 1.0 and from True.
    """
    quick = form.quick_load(body)
    assert repr(quick) == repr(judged(form, body))


def spoilt(sample: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A body with each of its places left out, and with each kind of value in it."""
    for place in places(sample):
        yield drop(sample, place.steps)
        for value in (None, "", "x", 0, 57, 1.5, "1760000301", True, [], ["a"], {}, {"uid": "u"}):
            yield put(sample, place.steps, value)


def changed(body: dict[str, Any], changes: list[tuple[int, Any]]) -> dict[str, Any]:
    found = list(places(body))
    for number, junk in changes:
        # Another change may have taken the place away.
        with suppress(KeyError, IndexError, TypeError, AttributeError):
            body = put(body, found[number % len(found)].steps, junk)
    return body


@looped("name", SAMPLES)
def test_every_sample(name: str) -> None:
    """In every form that its trigger may have."""
    for form in entry_of(SAMPLES[name]).forms:
        check_same(form, SAMPLES[name])


@pytest.mark.parametrize("name", EVERY_PLACE)
def test_everything_that_may_be_wrong_with_a_sample(name: str) -> None:
    """In every place that any of them has."""
    for form in entry_of(SAMPLES[name]).forms:
        for body in spoilt(SAMPLES[name]):
            check_same(form, body)


@checked
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.sampled_from(FORMS),
    st.lists(st.tuples(st.integers(0), JUNK)),
)
def test_whatever_stands_wherever(name: str, form: Form, changes: list[tuple[int, Any]]) -> None:
    """Junk at any places of any sample, in the form of any trigger."""
    check_same(form, changed(SAMPLES[name], changes))


@pytest.mark.parametrize("body", [{}, {"trigger": "x"}, {"data": {}}, {"trigger": 5, "data": []}])
def test_what_is_hardly_a_body(body: dict[str, Any]) -> None:
    for form in FORMS:
        check_same(form, body)


def test_every_form_is_compiled() -> None:
    """None is left to Marshmallow for what it is made of."""
    accepting = {id(form) for form in FORMS}
    for sample in SAMPLES.values():
        for form in FORMS:
            if form.quick_load(sample) is not None:
                accepting.discard(id(form))
    named = {form.shape.name for form in FORMS if id(form) in accepting}
    assert named == set()


def test_a_field_that_loads_in_its_own_way_is_left_to_its_schema() -> None:
    """It is never guessed at."""

    class OwnWay(Text):
        def deserialize(self, *arguments: Any, **options: Any) -> Any:
            return "mine"

    class OwnSchema(envelope.EnvelopeSchema):
        ALWAYS = ("trigger", "own")
        own = OwnWay()

    class ForeignSchema(envelope.EnvelopeSchema):
        ALWAYS = ("trigger", "own")
        own = fields.String()

    for schema in (OwnSchema(), ForeignSchema()):
        assert compiled(schema)({"trigger": "x", "data": {}}) is None


class TestDrift:
    @checked
    @given(NAMES, CHANGES)
    def test_texts_are_looked_at_no_less(self, name: str, changes: list[tuple[int, Any]]) -> None:
        """What is skipped would not have been found."""
        body = changed(SAMPLES[name], changes)
        entry = entry_for(trigger_of(body))
        form = entry.form_of(body)
        found_now = drift_in(body, entry, form)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Declared, "texts", frozenset())
            assert drift_in(body, entry, form) == found_now
