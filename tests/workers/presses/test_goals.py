"""Which presses count, and what they complete."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from comethooks.schemas.wire.interactive import GoalType
from comethooks.workers.presses.forms import problems_in
from comethooks.workers.presses.goals import (
    FormElement,
    Goal,
    Interaction,
    Judgement,
    MessageFacts,
    Press,
    Trust,
    Trusted,
    Why,
    by_user,
    is_empty,
    judge,
)

ELEMENTS = {
    "name": FormElement(wanted=True),
    "age": FormElement(),
    "gender": FormElement(values=("male", "female"), wanted=True),
    "days": FormElement(values=("sat", "sun")),
    "submit": FormElement(),
}


def facts(type: str = GoalType.ANY_ACTION, *element_ids: str, **changed: Any) -> MessageFacts:
    """A form in a conversation of ada, who sent it, and bob."""
    form = MessageFacts(
        sender="ada",
        receiver_type="user",
        receiver="bob",
        goal=Goal(type, element_ids),
        elements=ELEMENTS,
    )
    return replace(form, **changed)


def press(
    element: str | None = "submit", at: int = 1, user: str | None = "bob", **answers: Any
) -> Press:
    """A press of a button, with the answers that came along."""
    return Press(
        id=f"p{at}", user=user, element_id=element, at=at, answers=answers, trust=Trust.CONFIRMED
    )


def why(
    facts: MessageFacts | None, *presses: Press, trusted: Trusted = Trusted.MEMBERS
) -> set[Why]:
    """Why something of the presses does not count."""
    return {each.why for each in judge(facts, presses, trusted).left_out}


class TestGoals:
    """The four types, and what is none of them."""

    @pytest.mark.parametrize(
        ("type", "wanted", "done", "met"),
        [
            (GoalType.ANY_ACTION, (), (), False),
            (GoalType.ANY_ACTION, (), ("age",), True),
            (GoalType.ANY_ACTION, ("name",), ("age",), True),
            (GoalType.ANY_OF, ("name", "age"), ("submit",), False),
            (GoalType.ANY_OF, ("name", "age"), ("age",), True),
            (GoalType.ANY_OF, (), ("age",), False),
            (GoalType.ALL_OF, ("name", "submit"), ("name",), False),
            (GoalType.ALL_OF, ("name", "submit"), ("submit", "name", "age"), True),
            (GoalType.ALL_OF, (), ("age",), False),
            (GoalType.NONE, ("name",), ("name",), False),
            ("eachOf", ("name",), ("name",), False),
        ],
    )
    def test_type(
        self, type: str, wanted: tuple[str, ...], done: tuple[str, ...], met: bool
    ) -> None:
        """Each type asks for its elements; without some, those that name elements are never met."""
        assert Goal(type, wanted).is_met_by(done) is met

    def test_a_type_that_is_no_known_one_is_met_by_nothing(self) -> None:
        """What a newer kit may ask for is not guessed."""
        assert not judge(facts("eachOf", "submit"), [press()]).completed


class TestElements:
    """What a press interacts with."""

    def test_answers_count_as_interacted(self) -> None:
        """Kits report the button alone: a goal over fields is met by what came with it."""
        goal = facts(GoalType.ALL_OF, "name", "gender", "submit")
        assert judge(goal, [press(name="Bob", gender="male")]).completed

    @pytest.mark.parametrize("nothing", [None, "", "  \n", [], {}])
    def test_an_empty_answer_is_none(self, nothing: Any) -> None:
        """A field that was left alone was not interacted with."""
        assert is_empty(nothing)
        assert not judge(facts(GoalType.ALL_OF, "name", "submit"), [press(name=nothing)]).completed

    @pytest.mark.parametrize("answer", [False, 0, "0", ["sat"], {"at": 1}])
    def test_every_other_answer_is_one(self, answer: Any) -> None:
        """A box without a tick, and a zero, were chosen."""
        assert judge(facts(GoalType.ALL_OF, "name"), [press(name=answer)]).completed

    @pytest.mark.parametrize("wanted", [("name",), ("name", "age"), ("age",)])
    def test_an_optional_element_is_wanted_if_the_goal_names_it(
        self, wanted: tuple[str, ...]
    ) -> None:
        """What is optional in the form says nothing of the goal."""
        presses = [press(**{each: "x"}) for each in wanted]
        assert judge(facts(GoalType.ALL_OF, *wanted), presses).completed
        assert not judge(facts(GoalType.ALL_OF, *wanted), [press()]).completed

    def test_an_element_that_the_message_does_not_have_is_left_out(self) -> None:
        """It completes nothing, not even a goal that names it; the rest of the press counts."""
        judged = judge(facts(GoalType.ANY_OF, "other"), [press("submit", other="x")])
        assert not judged.completed
        assert judged.interactions == (Interaction("submit", 1),)
        assert [(each.why, each.element_id) for each in judged.left_out] == [
            (Why.NO_SUCH_ELEMENT, "other")
        ]
        assert not judge(facts(), [press("other")]).completed

    def test_of_a_message_of_a_type_of_its_own_every_element_counts(self) -> None:
        """What it has cannot be told."""
        assert judge(facts(GoalType.ANY_OF, "slot", elements=None), [press("slot")]).completed

    def test_a_press_without_element_and_answers_is_none(self) -> None:
        """Older kits send nothing but the message."""
        assert why(facts(), press(None)) == {Why.NOTHING}
        assert not judge(facts(), [press(None)]).completed

    def test_elements_come_from_several_presses(self) -> None:
        """In any order, each with the time of its first interaction, and with the last answer."""
        all_of = facts(GoalType.ALL_OF, "name", "age", "submit")
        presses = [
            press("submit", 3, name="Bo"),
            press("age", 5),
            press("submit", 7, name="Bob"),
        ]
        first, *others = [judge(all_of, order) for order in permutations(presses)]
        assert set(map(repr, others)) == {repr(first)}
        assert first.completed
        assert first.interactions == (
            Interaction("submit", 3),
            Interaction("name", 3),
            Interaction("age", 5),
        )
        assert first.answers == {"name": "Bob"}


class TestDisabledAfterTheFirst:
    """Elements with `disableAfterInteracted`."""

    ONCE = ELEMENTS | {"submit": FormElement(once=True)}

    def test_a_second_press_is_none(self) -> None:
        """Nor are its answers."""
        form = facts(GoalType.ALL_OF, "submit", "age", elements=self.ONCE)
        judged = judge(form, [press(at=1, name="Bob"), press(at=2, name="Rob", age="7")])
        assert not judged.completed
        assert judged.answers == {"name": "Bob"}
        assert [each.why for each in judged.left_out] == [Why.AGAIN]

    def test_the_first_one_that_counts_is_the_first(self) -> None:
        """What was pressed by somebody who does not count disables nothing."""
        form = facts(elements=self.ONCE)
        stranger = replace(press(at=1), trust=Trust.STRANGER)
        assert judge(form, [stranger, press(at=2)]).completed


class TestUsers:
    """Whose presses count."""

    def test_the_senders_own_count_if_the_message_says_so(self) -> None:
        """They do not otherwise, whatever was pressed."""
        assert why(facts(), press(user="ada")) == {Why.OWN}
        assert judge(facts(allow_sender=True), [press(user="ada")]).completed

    def test_nobody_completes_nothing(self) -> None:
        """A press without a user is kept, and is judged for no user."""
        assert why(facts(), press(user=None)) == {Why.NOBODY}
        assert by_user([press(), press(user=None)]) == {"bob": [press()]}

    @pytest.mark.parametrize(
        ("trusted", "counting"),
        [
            (Trusted.MEMBERS, {Trust.CONFIRMED, Trust.UNKNOWN}),
            (Trusted.CONFIRMED, {Trust.CONFIRMED}),
            (Trusted.ALL, set(Trust)),
        ],
    )
    def test_whoever_is_trusted_counts(self, trusted: Trusted, counting: set[Trust]) -> None:
        """As the setting says."""
        for trust in Trust:
            judged = judge(facts(), [replace(press(), trust=trust)], trusted)
            assert judged.completed is (trust in counting)
            assert judged.verified is (trust in counting and trust is Trust.CONFIRMED)

    def test_why_somebody_is_not_trusted(self) -> None:
        """A stranger is one for good; who is unknown may be confirmed later."""
        unknown = replace(press(), trust=Trust.UNKNOWN)
        assert why(facts(), unknown, trusted=Trusted.CONFIRMED) == {Why.UNCONFIRMED}
        assert why(facts(), replace(unknown, trust=Trust.STRANGER)) == {Why.STRANGER}

    def test_what_a_message_tells_of_its_conversation(self) -> None:
        """Of two, both belong to it and nobody else; of a group it tells nothing."""
        two, group = facts(), facts(receiver_type="group", receiver="crew")
        assert [two.trust_in(each) for each in ("ada", "bob", "eve")] == [
            Trust.CONFIRMED,
            Trust.CONFIRMED,
            Trust.STRANGER,
        ]
        assert [group.trust_in(each) for each in ("ada", "crew")] == [
            Trust.CONFIRMED,
            Trust.UNKNOWN,
        ]


class TestMessages:
    """What becomes of a press when its message changes."""

    def test_of_one_that_was_not_seen_nothing_counts(self) -> None:
        """It may come later."""
        assert judge(None, [press()]) == Judgement(
            completed=False, left_out=judge(None, [press()]).left_out
        )
        assert why(None, press()) == {Why.UNSEEN}

    def test_of_one_that_is_deleted_nothing_counts(self) -> None:
        """The presses are there, and do not."""
        assert why(facts(deleted=True), press()) == {Why.DELETED}
        assert not judge(facts(deleted=True), [press()]).completed

    def test_presses_are_judged_by_the_goal_that_there_is(self) -> None:
        """After an edit those from before count for the new goal."""
        presses = [press("age")]
        assert not judge(facts(GoalType.ANY_OF, "name"), presses).completed
        assert judge(facts(GoalType.ANY_OF, "age"), presses).completed


class TestProblems:
    """Answers against the form."""

    @pytest.mark.parametrize(
        ("pressed", "problems"),
        [
            (press(name="Bob", gender="male", days=["sat", "sun"]), []),
            (press(), []),
            (press("age"), []),
            (
                press(name=" ", gender="male"),
                ["name: it has no answer, and is not optional"],
            ),
            (
                press(name="Bob", gender="cat"),
                ["gender: 'cat' is not among its options"],
            ),
            (
                press(name="Bob", gender="male", days=["sat", "mon"]),
                ["days: 'mon' is not among its options"],
            ),
            (press("other"), ["other: the message has no such element"]),
            (
                press(name="Bob", gender="male", other="x"),
                ["other: the message has no such element"],
            ),
        ],
    )
    def test_each_is_told(self, pressed: Press, problems: Mapping[str, Any]) -> None:
        """A field that is missing, a value that is no option, an element that is unknown."""
        assert list(problems_in(facts(), pressed)) == problems

    def test_there_are_no_more_than_a_reader_wants(self) -> None:
        """A device may send a thousand unknown elements with long names."""
        many = press(**{f"{number}{'x' * 9999}": "x" for number in range(1000)})
        told = problems_in(facts(), many)
        assert len(told) == 50
        assert max(map(len, told)) < 200

    def test_of_a_message_of_a_type_of_its_own_there_are_none(self) -> None:
        """What it asks for cannot be told."""
        assert problems_in(facts(elements=None), press("other", x="y")) == ()
