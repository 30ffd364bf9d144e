"""Kinds of events: what they promise is there."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comethooks.schemas import (
    KINDS,
    TRIGGERS,
    Event,
    MessageEvent,
    ModerationEvent,
    ReceiptEvent,
    Sender,
)
from comethooks.schemas.triggers import table
from tests.looped import looped
from tests.schemas.samples import SAMPLES, drop, event_of, form_of, optional
from tests.schemas.test_properties import checked, names


def promised(event: Event) -> list[str]:
    """What is never None in events of its kind."""
    found = {
        name for kind in KINDS if isinstance(event, kind) for name in vars(kind)["__annotations__"]
    }
    return sorted(found | ({"sender"} if isinstance(event, MessageEvent) else set()))


class TestKinds:
    @looped("name", SAMPLES)
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
        assume(form_of(sample) is form_of(SAMPLES[name]))
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


class TestOfOurOwn:
    """Events that are made here, of a trigger that stands in the table."""

    @pytest.fixture
    def parcels(self, monkeypatch):
        """A trigger of ours, whose events are about a message."""
        ours = replace(
            TRIGGERS["message_sent"],
            name="parcel_sent",
            canonical="parcel.sent",
            senders=frozenset((Sender.OURS,)),
        )
        monkeypatch.setattr(table, "TRIGGERS", {**TRIGGERS, ours.name: ours})
        return {**SAMPLES["message_sent text"], "trigger": ours.name}

    def test_they_are_read_like_any_other(self, parcels):
        """They have a kind, and what it promises."""
        event = event_of(parcels, source="comethooks")
        assert type(event) is MessageEvent
        assert event.message.text

    def test_nobody_else_can_send_them(self, parcels):
        """A body that comes in with this trigger is one of an unknown trigger."""
        assert type(event_of(parcels)) is Event
        assert type(event_of(parcels, source="mailer")) is Event

    def test_a_trigger_of_cometchats_is_none_of_ours(self):
        """Whatever a handler emits."""
        assert type(event_of(SAMPLES["message_sent text"], source="comethooks")) is Event
