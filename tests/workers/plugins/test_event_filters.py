"""Which of the events that its patterns fit a handler wants, and what is refused of that."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from comethooks.schemas import ATTRIBUTES, TRIGGERS, Sender, parse
from comethooks.workers import patterns
from comethooks.workers.plugins import event_filters as module
from comethooks.workers.plugins.event_filters import Wanted
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import FilterError
from comethooks.workers.record import Kind, Record, event_record
from comethooks.workers.states import DecisionAction
from tests.bodies import changed, dump
from tests.schemas.samples import KNOWN, SAMPLES, event_of, form_of
from tests.workers.engine import handler

FORM, TEXT = SAMPLES["message_sent form"], SAMPLES["message_sent text"]
EDITED = SAMPLES["message_edited documented"]
READ, BLOCKED = SAMPLES["message_read_receipt usual"], SAMPLES["user_blocked usual"]


def kept(body: Mapping[str, Any], **changes: Any) -> Record:
    """The record of a body, as the web process would keep it."""
    raw = dump(body)
    made = event_record(parse(dict(body), raw), id="1", received_at=1_800_000_000_000, body=raw)
    fields = {name: getattr(made, name) for name in Record.__slots__}
    return Record(**{**fields, **changes})


def plugin(*patterns: str, **wanted: Any) -> Plugin:
    """A plugin with one handler that has these filters."""
    made = Plugin("some")

    @made.on(*patterns or ("*",), **wanted)
    def take(event: Any, ctx: Any) -> None: ...

    return made


def why_unwanted(body: Mapping[str, Any], *patterns: str, **wanted: Any) -> str | None:
    """Why a handler with these filters does not want an event with this body."""
    [made] = plugin(*patterns, **wanted).handlers
    return made.why_unwanted(kept(body))


def problem(*patterns: str, **wanted: Any) -> str:
    """What a handler with these filters is refused for."""
    with pytest.raises(FilterError) as caught:
        plugin(*patterns, **wanted)
    culprit, _, text = str(caught.value).partition("): ")
    assert culprit.startswith(f"handler some.take ({__file__}:")
    return text


class TestFits:
    """Of each attribute one of the values, and all of the attributes."""

    @pytest.mark.parametrize(
        "wanted",
        [
            {"category": "interactive"},
            {"category": ("message", "interactive"), "type": ("form", "card")},
            {"category": "INTERACTIVE", "type": "Form"},
            {"app": FORM["appId"], "sender": FORM["data"]["message"]["sender"]},
            {"receiver": FORM["data"]["message"]["receiver"].upper(), "receiver_type": "user"},
            {"conversation": FORM["data"]["message"]["conversationId"]},
        ],
    )
    def test_what_is_so_is_let_through(self, wanted: Mapping[str, Any]) -> None:
        """The case does not matter: ids of users are written in small letters by CometChat."""
        assert why_unwanted(FORM, **wanted) is None

    @pytest.mark.parametrize(
        ("body", "wanted", "why"),
        [
            (TEXT, {"category": "interactive"}, 'category is "message", not "interactive"'),
            (TEXT, {"type": ("form", "card")}, 'type is "text", not "form" or "card"'),
            (
                FORM,
                {"category": "message", "type": "text"},
                'category is "interactive", not "message"; type is "form", not "text"',
            ),
            (FORM, {"receiver_type": "group"}, 'receiver_type is "user", not "group"'),
            (FORM, {"tag": "booking"}, "it has no tag"),
            (BLOCKED, {"category": "message"}, "it has no category"),
        ],
    )
    def test_what_is_not_is_left_out_with_the_reason(
        self, body: Mapping[str, Any], wanted: Mapping[str, Any], why: str
    ) -> None:
        """What it is, and what it would have to be."""
        assert why_unwanted(body, **wanted) == why

    def test_of_several_tags_one_is_enough(self) -> None:
        """They are the author's own words, so their case matters."""
        body = changed(TEXT, "data.message.tags", ["booking", "new"])
        assert why_unwanted(body, tag=("urgent", "new")) is None
        assert why_unwanted(body, tag="New") == 'tag is "booking" and "new", not "New"'

    def test_an_edit_is_of_the_category_of_what_was_edited(self) -> None:
        """Whichever way it is written: the filter reads `event.message`, as the handler does."""
        legacy = {**EDITED, "trigger": "after_message", "data": EDITED["data"]["message"]}
        for body in (EDITED, legacy, SAMPLES["message_edited live"]):
            assert why_unwanted(body, "message.edited", category="message") is None

    def test_a_pattern_that_does_not_fit_is_the_reason(self) -> None:
        """The filters are of no interest then."""
        assert why_unwanted(READ, "message.sent", category="message") == (
            '"message.sent" does not fit message_read_receipt or receipt.read'
        )

    def test_a_message_in_flight_is_wanted_by_what_was_decided_on_it(self) -> None:
        """One that nobody decided on has no decision."""
        flying = next(body for body in SAMPLES.values() if body["trigger"] == "before_message")
        dropped = kept(flying, decision=DecisionAction.DROP)
        wants = plugin("before_message", decision="drop").handlers[0].why_unwanted
        assert wants(dropped) is None
        assert wants(kept(flying, decision=DecisionAction.ALLOW)) == (
            'decision is "allow", not "drop"'
        )
        assert wants(kept(flying)) == "it has no decision"

    @pytest.mark.parametrize("name", ATTRIBUTES)
    def test_a_handler_reads_what_its_filter_read(self, name: str) -> None:
        """Of every body there is; and what the tables deny an event is never there."""
        attribute = ATTRIBUTES[name]
        for sample in map(SAMPLES.__getitem__, KNOWN):
            found = attribute.read(event_of(sample))
            assert module.Facts(kept(sample)).values(name) == found
            assert attribute.is_in(form_of(sample)) or not found, sample["trigger"]

    def test_a_decider_cannot_ask_what_was_decided(self) -> None:
        """It would never be asked."""
        with pytest.raises(FilterError, match="nobody has decided on it yet"):

            @Plugin("some").decide("before_message", decision="drop")
            def judge(event: Any, ctx: Any) -> None: ...

    def test_what_is_no_filter_is_nothing_anybody_can_write(self) -> None:
        """A type checker knows the names."""
        assert Wanted.__annotations__.keys() == ATTRIBUTES.keys()


class TestBodies:
    """A filter costs a body that is decoded only where that must be."""

    @pytest.fixture
    def decoded(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The ids of the events that were made to be read."""
        made: list[str] = []

        def count(record: Record) -> Any:
            made.append(record.id)
            return self.event_of(record)

        monkeypatch.setattr(module, "event_of", count)
        return made

    event_of: Callable[[Record], Any] = staticmethod(module.event_of)

    def plugins(self, *wanted: Wanted) -> Plugins:
        bound = []
        for number, each in enumerate(wanted):
            [made] = plugin("message.sent", **each).handlers
            bound.append(handler(lambda *_: None, f"some.h{number}", of=made))
        return Plugins(absent=tuple(bound))

    def test_what_the_record_says_needs_none(self, decoded: list[str]) -> None:
        """So an event that is left out by its app is never decoded."""
        plugins = self.plugins({"app": "another", "category": "message"}, {"sender": "nobody"})
        assert plugins.handlers_for(kept(TEXT)) == ()
        assert decoded == []

    def test_what_stands_nowhere_in_the_body_needs_none(self, decoded: list[str]) -> None:
        """So an event that has none of the values costs a look at its bytes."""
        many = tuple(f"tag{number}" for number in range(50))
        plugins = self.plugins({"category": "interactive", "type": ("form", "card")}, {"tag": many})
        assert plugins.handlers_for(kept(TEXT)) == ()
        assert decoded == []

    def test_it_is_decoded_once_for_all(self, decoded: list[str]) -> None:
        """However many handlers ask, for however much."""
        plugins = self.plugins({"category": "message", "type": "text"}, {"type": "image"}, {})
        assert [each.id for each in plugins.handlers_for(kept(TEXT))] == ["some.h0", "some.h2"]
        assert decoded == ["1"]

    def test_without_filters_nothing_is_asked(self, decoded: list[str]) -> None:
        """And the same handlers are given again."""
        plugins = self.plugins({}, {})
        assert plugins.handlers_for(kept(TEXT)) is plugins.handlers_for(kept(FORM))
        assert decoded == []

    @pytest.mark.parametrize("body", [b"", b"<xml/>", b"[1]", b"\xff"])
    def test_what_cannot_be_read_is_left_out_and_ends_nothing(self, body: bytes) -> None:
        """A body that was not kept, or of a source that sends something else than JSON."""
        record = Record(
            kind=Kind.EVENT, id="1", received_at=1, source="toys", trigger="sold", body=body
        )
        [made] = plugin("toys:*", category="message").handlers
        assert made.why_unwanted(record) == (
            "its body cannot be read, so nobody knows its category"
        )
        assert Plugins(absent=(handler(print, of=made),)).handlers_for(record) == ()


class TestRefusals:
    """When the plugin is loaded, with the names that there are."""

    def test_an_unknown_name(self) -> None:
        """A slip that would let through everything, or nothing."""
        assert problem(categry="interactive") == (
            "there is no filter 'categry'; there are category, type, sender, receiver,"
            ' receiver_type, conversation, tag, decision, app; did you mean "category"?'
        )

    def test_a_slip_of_an_option(self) -> None:
        """What is no option is taken for a filter."""
        assert problem(orderd=True).endswith('; did you mean "ordered"?')

    def test_no_value(self) -> None:
        """Elsewhere an empty list lets through everything or nothing, and nobody knows which."""
        assert problem(category=()) == ("category=() leaves out every event; name what is wanted")

    @pytest.mark.parametrize("value", ["", ["form"], 5, None, ("form", ""), ("form", 5), {"form"}])
    def test_what_is_no_text(self, value: Any) -> None:
        """A number would never be equal to an id, and a list of one author's is a tuple here."""
        assert problem(type=value) == (
            f"type={(value,) if value == '' else value!r} is neither a text nor a tuple of texts;"
            ' write type="one" or type=("one", "another")'
        )

    def test_a_pattern_whose_events_have_no_such_thing(self) -> None:
        """It could never run, and would say nothing."""
        assert problem("group.*", category="interactive") == (
            'category=interactive leaves out every event that "group.*" fits, since none has a'
            " category; they have sender, conversation, app"
        )

    def test_one_of_several_patterns_is_enough_for_that(self) -> None:
        """The other one would be there in vain."""
        assert '"user.blocked" fits' in problem("message.sent", "user.blocked", tag="x")

    @pytest.mark.parametrize("pattern", ["*", "call.*", "message_*", "toys:sold", "new_trigger"])
    def test_what_may_have_it_is_taken(self, pattern: str) -> None:
        """Of a source or a trigger that is not known nobody can tell."""
        assert plugin(pattern, type="video").handlers

    def test_events_of_ours_are_asked_for_by_the_table(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As those of CometChat are."""
        ours = replace(
            TRIGGERS["user_blocked"],
            name="parcel_sent",
            canonical="parcel.sent",
            senders=frozenset((Sender.OURS,)),
        )
        monkeypatch.setattr(patterns, "TRIGGERS", {**TRIGGERS, ours.name: ours})
        assert "they have sender, app" in problem("parcel.sent", category="message")
        assert problem("parcel.*", type="text")
