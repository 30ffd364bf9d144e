"""Kinds of events: what they promise is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comethooks.schemas import KINDS, TRIGGERS, Event, MessageEvent, ModerationEvent, ReceiptEvent
from tests.schemas.samples import SAMPLES, drop, event_of, optional
from tests.schemas.test_properties import checked, names


def promised(event: Event) -> list[str]:
    """What is never None in events of its kind."""
    found = {
        name for kind in KINDS if isinstance(event, kind) for name in vars(kind)["__annotations__"]
    }
    return sorted(found | ({"sender"} if isinstance(event, MessageEvent) else set()))


class TestKinds:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_an_event_has_what_its_kind_promises(self, name):
        """In every form of every trigger."""
        event = event_of(SAMPLES[name])
        for attribute in promised(event):
            assert getattr(event, attribute) is not None, attribute

    @checked
    @given(name=names, data=st.data())
    def test_whatever_a_body_leaves_out(self, name, data):
        """An accepted body without anything that it may be without."""
        sample = SAMPLES[name]
        for place in data.draw(st.permutations(optional(sample)))[:4]:
            try:
                sample = drop(sample, place.steps)
            except (KeyError, IndexError, TypeError):
                continue
        event = event_of(sample)
        for attribute in promised(event):
            assert getattr(event, attribute) is not None, attribute

    def test_the_kind_is_that_of_the_trigger(self):
        """Moderation is about a message, a receipt only names one, and a stranger's is no kind."""
        text = SAMPLES["message_sent text"]
        assert type(event_of(text)) is MessageEvent
        assert type(event_of(SAMPLES["moderation_engine_failed approved"])) is ModerationEvent
        assert type(event_of(SAMPLES["message_read_receipt usual"])) is ReceiptEvent
        assert type(event_of({**text, "trigger": "message_painted"})) is Event
        assert type(event_of(text, source="mailer")) is Event

    def test_an_event_cannot_be_made_of_another_kind(self):
        """A test that makes one by hand would find None where there is none."""
        with pytest.raises(TypeError, match="an event of message_sent is of the kind MessageEvent"):
            ReceiptEvent(source="cometchat", trigger="message_sent")

    def test_every_trigger_has_one_kind(self):
        """The forms of a trigger are of one kind, which is why no body need be looked at."""
        for entry in TRIGGERS.values():
            assert len({Event._kinds.get(form.family) for form in entry.forms}) == 1
