"""Misfits: bodies that the schema of their trigger refuses, and that a setting lets through."""

import pytest

from comethooks.schemas import KINDS, TRIGGERS, Drift, DriftKind, Event, InvalidBodyError, kind_of
from comethooks.schemas.drift import MOST_FINDINGS
from tests.bodies import body, changed, dump, without
from tests.looped import looped
from tests.schemas.samples import accepted, public

MISFIT = without(body("message_sent_text"), "data.message.id")
MISSING = Drift(DriftKind.MISFIT, "data.message.id")
JUNK = [{}, [5], "text", None, {"message": 5, "call": "a", "body": [], "group": 7, "members": 5}]
COMETCHATS = [name for name, entry in TRIGGERS.items() if not entry.is_ours]


def event_for(sample):
    """The event of a misfit."""
    parsed = accepted(sample, lenient={"*"})
    return Event(
        id="0199c0de",
        source="cometchat",
        trigger=parsed.trigger,
        name=parsed.name,
        app_id=parsed.app_id,
        conversation_id=parsed.conversation_id,
        occurred_at=parsed.occurred_at,
        received_at=1760000500250,
        raw=dump(sample),
    )


class TestLenient:
    @pytest.mark.parametrize("lenient", [{"message_sent"}, {"*"}, {"user_blocked", "message_sent"}])
    def test_a_misfit_is_accepted_and_marked(self, lenient):
        """As drift of a kind of its own, with the path of what is missing."""
        parsed = accepted(MISFIT, lenient=lenient)
        assert (parsed.drift, parsed.misfit) == ((MISSING,), ("data.message.id",))

    @pytest.mark.parametrize("lenient", [set(), {"user_blocked"}])
    def test_other_triggers_are_held_to_what_they_require(self, lenient):
        """Lenient is only what is named."""
        with pytest.raises(InvalidBodyError):
            accepted(MISFIT, lenient=lenient)

    def test_what_it_says_of_itself_is_read(self):
        """So it stands in the order of its conversation."""
        parsed, fitting = accepted(MISFIT, lenient={"*"}), accepted(body("message_sent_text"))
        assert (parsed.name, parsed.sender, parsed.key) == (
            fitting.name,
            fitting.sender,
            fitting.key,
        )
        assert (parsed.occurred_at, parsed.app_id) == (fitting.occurred_at, fitting.app_id)

    def test_only_the_same_body_repeats_it_and_for_minutes(self):
        """Nobody knows what else tells it from another one."""
        first = accepted(MISFIT, lenient={"*"})
        again = accepted(dict(reversed(MISFIT.items())), lenient={"*"})
        offline = changed(MISFIT, "data.message.data.entities.sender.entity.status", "offline")
        assert first.duplicate_key == again.duplicate_key
        assert first.duplicate_key != accepted(offline, lenient={"*"}).duplicate_key
        assert not first.duplicate_key_has_time

    def test_an_echo_stays_one(self):
        """A handler of new messages must not take it for one."""
        echo = without(body("message_sent_echo"), "data.message.id")
        assert accepted(echo, lenient={"*"}).name == "message.echo"

    @pytest.mark.parametrize("trigger", [None, "", 5])
    def test_a_body_without_a_trigger_is_refused_all_the_same(self, trigger):
        """Nothing says what the body would be."""
        with pytest.raises(InvalidBodyError):
            accepted({"trigger": trigger, "data": None}, lenient={"*"})

    def test_what_fits_is_as_otherwise(self):
        """Nothing is marked."""
        sample = body("message_sent_text")
        assert accepted(sample, lenient={"*"}) == accepted(sample)

    def test_comes_before_whatever_else_is_not_as_expected(self):
        """There is a limit to how much is told."""
        sample = MISFIT | {f"key{number}": 1 for number in range(100)}
        drift = accepted(sample, lenient={"*"}).drift
        assert (drift[0], len(drift)) == (MISSING, MOST_FINDINGS)


class TestStrictAndLenient:
    DRIFTING = body("message_sent_text") | {"later": 1}

    def test_who_is_named_is_lenient_though_all_others_are_strict(self):
        """A name comes before `*`."""
        options = {"strict": {"*"}, "lenient": {"message_sent"}}
        assert accepted(MISFIT, **options).misfit
        assert accepted(self.DRIFTING, **options).drift
        with pytest.raises(InvalidBodyError):
            accepted(body("user_connection_status_changed") | {"later": 1}, **options)

    @pytest.mark.parametrize("sample", [MISFIT, DRIFTING])
    def test_who_is_named_is_strict_though_all_others_are_lenient(self, sample):
        """The same the other way round."""
        with pytest.raises(InvalidBodyError):
            accepted(sample, strict={"message_sent"}, lenient={"*"})


class TestEvent:
    def test_says_why_it_is_one(self):
        """A line for each path; and has the body."""
        event = event_for(MISFIT)
        assert event.misfit == ("data.message.id: Missing data for required field.",)
        assert event.payload == MISFIT
        assert (event.message.id, event.message.text) == ("", "Läuft der Kran? 🚢")

    def test_says_nothing_of_what_fits(self):
        """And nothing of other sources."""
        assert event_for(body("message_sent_text")).misfit == ()

    @looped("trigger", COMETCHATS)
    @looped("data", JUNK, ids=repr)
    def test_can_be_read_whatever_it_holds(self, trigger, data):
        """What its kind promises is there, and nothing raises."""
        event = event_for({"trigger": trigger, "data": data})
        for name in public(Event):
            getattr(event, name)
        kind = kind_of(trigger, "cometchat")
        assert isinstance(event, kind)
        for base in kind.__mro__[: kind.__mro__.index(Event)]:
            for name in vars(base).get("__annotations__", ()):
                assert getattr(event, name) is not None, name
        assert kind in (Event, *KINDS)
