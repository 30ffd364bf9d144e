"""Messages, presses, edits, deletions, joins, days that pass, repeated runs and replays in any
order, beside a model of a few lines.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from comethooks.workers.journal import CompletedGoal, Journal, SeenMessage
from comethooks.workers.journal.interactions.told import WAITS_MS
from comethooks.workers.presses.goals import Trusted
from tests.workers.journal.interactions.forms import DAY, ELEMENTS, GROUP, NOW, an_id
from tests.workers.journal.interactions.forms import press as a_press
from tests.workers.journal.interactions.forms import seen as a_message

USERS = ("omar", "omar", "lena", "ines", None)
GOALS = (("name", "submit"), ("age",), ("submit",), ("name", "age", "submit"))
MESSAGES = ("57", "58")
"""Of ines, whose own presses do not count: the first to a group, the second to omar."""
OF_TWO = MESSAGES[1]
_EXAMPLES = count(1)


@dataclass
class Pressed:
    """A press as the model keeps it. It is `waiting` until its message is seen."""

    message: str
    user: str | None
    elements: Collection[str]
    at: int
    waiting: bool


@dataclass
class Model:
    """The rules. `completed` has the event that tells of each, None when a replay found out."""

    trusted: Trusted
    begun: bool
    goals: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    presses: dict[str, Pressed] = field(default_factory=dict)
    completed: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def see(self, message: str, goal: tuple[str, ...], as_of: int, now: int) -> set[str]:
        """The later body holds. Presses that waited too long for it are forgotten. Who is to be
        judged: everybody, when there is something new.
        """
        known = self.goals.get(message)
        if known is None or as_of >= known[1]:
            self.goals[message] = goal, as_of
        came = self._of(message, waiting=True)
        for id, press in came.items():
            if press.at < now - WAITS_MS:
                del self.presses[id]
                continue
            press.waiting = False
            press.user = press.user or self._only_user(message)
        is_new = known is None or self.goals[message][0] != known[0]
        return self._users(message) if is_new else set()

    def press(self, id: str, message: str, user: str | None, elements: Any, at: int) -> set[str]:
        """One that is there stays as it is."""
        is_seen = message in self.goals
        user = user or (self._only_user(message) if is_seen else None)
        self.presses.setdefault(id, Pressed(message, user, elements, at, waiting=not is_seen))
        return {user} if user and is_seen else set()

    def join(self, user: str, now: int) -> set[str]:
        """Presses that waited too long for it are forgotten. Whoever pressed lately is judged."""
        old = now - WAITS_MS
        mine = {id: each for id, each in self._of(MESSAGES[0]).items() if each.user == user}
        if self.trusted is Trusted.CONFIRMED and not self._is_member(user):
            for id, each in mine.items():
                if each.at < old and not each.waiting:
                    del self.presses[id]
        self.members.add(user)
        is_seen = MESSAGES[0] in self.goals
        return {user} if is_seen and any(each.at > old for each in mine.values()) else set()

    def judge(self, message: str, users: Collection[str], by: str | None) -> None:
        """Who did all that the goal names completes it, once; a replay tells nobody."""
        goal = self.goals[message][0] if message in self.goals else None
        for user in users & self._users(message):
            done = {
                element
                for press in self._of(message, waiting=False).values()
                if press.user == user
                for element in press.elements
            }
            if (message, user) in self.completed:
                if self.completed[message, user] is None:
                    self.completed[message, user] = by
            elif goal and set(goal) <= done & ELEMENTS.keys() and self._counts(message, user):
                self.completed[message, user] = by

    def _counts(self, message: str, user: str) -> bool:
        if user == "ines" or message in self.deleted:
            return False
        if message == OF_TWO:
            return user == "omar" or self.trusted is Trusted.ALL
        if self._is_member(user) or self.trusted is Trusted.ALL:
            return True
        return self.trusted is Trusted.MEMBERS and not self.begun

    def _is_member(self, user: str) -> bool:
        return user in self.members or user == "ines"

    def _only_user(self, message: str) -> str | None:
        return "omar" if message == OF_TWO else None

    def _of(self, message: str, *, waiting: bool | None = None) -> dict[str, Pressed]:
        return {
            id: each
            for id, each in self.presses.items()
            if each.message == message and waiting in (None, each.waiting)
        }

    def _users(self, message: str) -> set[str]:
        return {each.user for each in self._of(message).values() if each.user is not None}


class AnyOrder(RuleBasedStateMachine):
    """Two messages of an app of its own in one journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.kept = journal.interactions
        self.example = next(_EXAMPLES)
        self.app = f"app-{self.example}"
        self.now = NOW
        self.told: list[tuple[str, Mapping[str, Any]]] = []

    @initialize(trusted=st.sampled_from(Trusted), begun=st.booleans())
    def begin(self, trusted: Trusted, begun: bool) -> None:
        """What is known of the group's beginning, at which nobody was there but ines."""
        self.model = Model(trusted, begun)
        if begun:
            self.kept.joined(
                self.app, GROUP, ["ines"], moment=NOW, beginning=True, **self.how(None)
            )

    @rule(
        message=st.sampled_from(MESSAGES),
        goal=st.sampled_from(GOALS),
        as_of=st.integers(0, 3),
        replayed=st.sampled_from([False, False, True]),
    )
    def see(self, replayed: bool, **given: Any) -> None:
        """A message, or an edit of it, that may come late, and that a replay may tell of first."""
        self.tell("see", given, replayed)

    @rule(
        message=st.sampled_from(MESSAGES),
        user=st.sampled_from(USERS),
        element=st.sampled_from([*ELEMENTS, "other"]),
        answered=st.sets(st.sampled_from([*ELEMENTS]), max_size=2),
        by_muid=st.booleans(),
        replayed=st.sampled_from([False, False, True]),
    )
    def press(self, replayed: bool, **given: Any) -> None:
        """A press, with answers, on a message that its token names by id or muid."""
        self.tell("press", {**given, "at": self.now}, replayed)

    @rule(user=st.sampled_from(["omar", "lena"]))
    def join(self, user: str) -> None:
        """That a user is in the group."""
        self.tell("join", {"user": user}, replayed=False)

    @precondition(lambda self: len(self.told) > 10)
    @rule(message=st.sampled_from(MESSAGES))
    def delete(self, message: str) -> None:
        """The deletion of a message."""
        self.model.deleted.add(message)
        self.kept.deleted(self.app, message, now=self.now)

    @rule(days=st.sampled_from([1, 8]))
    def wait(self, days: int) -> None:
        """Days pass, of which a press waits seven."""
        self.now += days * DAY + 1

    @rule(which=st.integers(0, 30), replayed=st.booleans())
    def again(self, which: int, replayed: bool) -> None:
        """An event whose run is repeated, since its process died, or which is replayed."""
        if self.told:
            self.apply(which % len(self.told), replayed)

    def tell(self, what: str, given: Mapping[str, Any], replayed: bool) -> None:
        """A new event, a second after the one before."""
        self.now += 1000
        self.told.append((what, given))
        self.apply(len(self.told) - 1, replayed)

    def apply(self, number: int, replayed: bool) -> None:
        """Tell the journal and the model, and compare who is to be told of."""
        what, given = self.told[number]
        id = an_id(self.example * 1000 + number)
        by = None if replayed else id
        message = given.get("message", MESSAGES[0])
        if what == "see":
            shown = self.shown(**given)
            found = self.kept.see(shown, **self.how(by)).completions
            judged = self.model.see(message, given["goal"], given["as_of"], self.now)
        elif what == "join":
            joined = [given["user"]]
            found = tuple(
                self.kept.joined(self.app, GROUP, joined, moment=self.now, **self.how(by))
            )
            judged = self.model.join(given["user"], self.now)
        else:
            found = self.told_press(id, by, **given)
            elements = {given["element"], *given["answered"]}
            judged = self.model.press(id, message, given["user"], elements, given["at"])
        self.model.judge(message, judged, by)
        is_looked_at = bool(judged) if what == "join" else message in self.model.goals
        mine = {
            key
            for key, event in self.model.completed.items()
            if by is not None and event == by and key[0] == message and is_looked_at
        }
        assert {(each.message_id, each.user) for each in found} == mine

    def shown(self, message: str, goal: tuple[str, ...], as_of: int) -> SeenMessage:
        """A body of a message."""
        group = None if message == OF_TWO else GROUP
        known = {"app_id": self.app, "message_id": message, "muid": f"muid-{message}"}
        return a_message(*goal, group=group, as_of=as_of, **known)

    def told_press(
        self,
        id: str,
        by: str | None,
        *,
        message: str,
        user: str | None,
        element: str,
        answered: Collection[str],
        by_muid: bool,
        at: int,
    ) -> tuple[CompletedGoal, ...]:
        """What is completed by a press."""
        named = {"message_id": message, "muid": None}
        if by_muid:
            named = {"message_id": None, "muid": f"muid-{message}"}
        told = a_press(1, element, user, answers=dict.fromkeys(answered, "x"), **named)
        pressed = replace(told.press, id=id, at=at)
        told = replace(told, app_id=self.app, press=pressed, received_at=at)
        return self.kept.press(told, **self.how(by)).completions

    def how(self, by: str | None) -> dict[str, Any]:
        """By which event something is told, and when."""
        return {"by": by, "trusted": self.model.trusted, "now": self.now}


def test_whoever_does_what_a_goal_takes_completes_it_once(journal: Journal, url: str) -> None:
    """Whatever comes when and how often; with PostgreSQL a few examples do."""
    examples = 30 if url.startswith("sqlite") else 10
    run_state_machine_as_test(
        partial(AnyOrder, journal),
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None),
    )
