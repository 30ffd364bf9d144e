"""What events tell that are made here: goals that users completed, and apps that are silent. Times
are UTC.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks.schemas.event.interactive import ElementInteraction, InteractionGoal
from comethooks.schemas.event.kept import KeptEvent
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import (
    View,
    id_string,
    identifier,
    lazy,
    number,
    object_in,
    objects_in,
    string,
    strings,
    time,
)
from comethooks.schemas.triggers import families
from comethooks.schemas.wire.envelope import data_of
from comethooks.schemas.wire.rules import to_flag, to_text


class Completion(View):
    """A user completed the goal of a message: `user` did `interactions`, with `answers`."""

    _shown: ClassVar[tuple[str, ...]] = ("message_id", "user")

    message_id = id_string("messageId")
    user = id_string("user")
    """The uid of who completed it, as presses said."""
    receiver = identifier("receiver")
    """The uid or guid that the message was sent to."""

    @lazy
    def receiver_type(self: "Completion") -> str | None:
        """`user` or `group`."""
        return to_text(self._wire.get("receiverType"))

    @lazy
    def interactions(self: "Completion") -> tuple[ElementInteraction, ...]:
        """The elements that the user interacted with, in the order in which that happened."""
        return tuple(map(ElementInteraction, objects_in(self._wire.get("interactions"))))

    @lazy
    def answers(self: "Completion") -> Mapping[str, Any]:
        """What was entered, by element: the last answer of each."""
        return ReadOnlyDict(object_in(self._wire.get("answers")))

    @lazy
    def goal(self: "Completion") -> InteractionGoal:
        """What was completed."""
        return InteractionGoal(object_in(self._wire.get("goal")))

    @lazy
    def verified(self: "Completion") -> bool:
        """Whether the user is known to belong to the conversation. That it was this user who
        pressed is only what the device says.
        """
        return to_flag(self._wire.get("verified")) is True


class AppSilence(View):
    """Nothing came of an app for so long that something may be wrong."""

    _shown: ClassVar[tuple[str, ...]] = ("app", "seconds")

    app = string("app")
    """The id of the app."""
    last_event_at = time("last_event_at")
    """When the last event before the silence was received."""
    expected = number("expected")
    """How many events were to be expected since; None when nothing is known of other weeks."""
    seconds = number("seconds")
    """How long nothing had come; of one that is over, how long it was."""
    advice = strings("advice")
    """What may be wrong and what to do, a line each."""


class MadeHere(KeptEvent):
    """What only events have that are made here."""

    @lazy
    def completion(self: "MadeHere") -> Completion | None:
        """Who completed the goal of `message`; None for other events."""
        if self._family is not families.COMPLETION:
            return None
        return Completion(object_in(data_of(self._body).get("completion")))

    @lazy
    def silence(self: "MadeHere") -> AppSilence | None:
        """Which app is silent, or was; None for other events."""
        if self._family is not families.SILENCE:
            return None
        return AppSilence({**data_of(self._body), "advice": self._body.get("advice")})
