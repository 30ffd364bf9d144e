"""Presses on interactive messages, the same for every kit. Times are UTC."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import View, lazy, number, time
from comethooks.schemas.wire.interactions import WirePress, press_in
from comethooks.schemas.wire.rules import to_datetime

ONLY_POSSIBLE = "only possible"
"""How a user is known whom nothing names."""
ONLY_USER = "only_user"
"""Among the headers of an event that a handler gets: the only user who can have pressed, of a press
that names nobody."""
SEEN_MESSAGE = "seen_message"
"""Among the same: the id of the message whose muid the token has, once that message was seen."""
PROVED = "proved_"
"""How the names begin of what a token proved, among the headers of an event: `proved_app`,
`proved_message`, `proved_muid`, `proved_element`."""


class Meeting(View):
    """The slot that was chosen in a scheduler."""

    _shown: ClassVar[tuple[str, ...]] = ("start", "minutes")

    start = time("meetStartAt")
    minutes = number("duration")


class ReceivedInteraction(View):
    """Somebody pressed a button of an interactive message, or sent its form.

    A token of ours proves which message it is, and never who pressed: every recipient of a message
    has the same. Everything else is what the body says.
    """

    _shown: ClassVar[tuple[str, ...]] = ("message_id", "element_id", "user")

    def __init__(
        self, body: Mapping[str, Any], headers: Mapping[str, str], received_at: datetime
    ) -> None:
        """`headers` are those of the event."""
        proved = {
            name.removeprefix(PROVED): value
            for name, value in headers.items()
            if name.startswith(PROVED)
        }
        super().__init__(
            {
                "body": body,
                "proved": proved,
                "only_user": headers.get(ONLY_USER),
                "seen_message": headers.get(SEEN_MESSAGE),
                "received_at": received_at,
            }
        )

    @lazy
    def message_id(self: "ReceivedInteraction") -> str | None:
        """The message's id, as its token says, or as the body says where the token is the app's.

        Of a token that names the message by its `muid` it is known once that message was seen.
        """
        if self.muid is not None:
            seen: str | None = self._wire["seen_message"]
            return seen
        return self._proved.get("message") or self._press.message_id

    @lazy
    def muid(self: "ReceivedInteraction") -> str | None:
        """The muid of the message, when its token names it so."""
        return self._proved.get("muid")

    @lazy
    def element_id(self: "ReceivedInteraction") -> str | None:
        """What was pressed: the element of the token if it has one, or else as the body says."""
        return self._proved.get("element") or self._press.element_id

    @lazy
    def user(self: "ReceivedInteraction") -> str | None:
        """The uid of who pressed, as the body says, or else of the only user who can have been it,
        as far as that is known.
        """
        return self._press.user or self._only_user

    @lazy
    def user_from(self: "ReceivedInteraction") -> str | None:
        """How the user is known: by `interactedBy` or `cometchatSenderUid` in the body, or as the
        `only possible` one.
        """
        return self._press.user_from or (ONLY_POSSIBLE if self._only_user else None)

    @lazy
    def answers(self: "ReceivedInteraction") -> ReadOnlyDict:
        """What was entered, by element, as the kit sent it: at most 200 elements."""
        return ReadOnlyDict(dict(self._press.answers))

    @lazy
    def meeting(self: "ReceivedInteraction") -> Meeting | None:
        """The slot that was chosen in a scheduler; None for anything else."""
        return Meeting(self._press.slot) if self._press.slot else None

    @lazy
    def timezone(self: "ReceivedInteraction") -> str | None:
        """The time zone of the device, such as `Europe/Berlin`."""
        return self._press.timezone

    @lazy
    def interacted_at(self: "ReceivedInteraction") -> datetime:
        """When it was pressed; when it came in, if the body does not say."""
        received_at: datetime = self._wire["received_at"]
        return to_datetime(self._press.pressed_at) or received_at

    @lazy
    def verified(self: "ReceivedInteraction") -> bool:
        """Whether a token of ours proves which message was pressed; never by whom."""
        return not self._proved.keys().isdisjoint(("message", "muid"))

    @lazy
    def problems(self: "ReceivedInteraction") -> tuple[str, ...]:
        """What is missing for the press to count, and what of the body was not read."""
        return tuple(self._problems())

    def _problems(self) -> Iterator[str]:
        if self.message_id is None and self.muid is None:
            yield "it does not say on which message"
        if self.user is None:
            yield "it does not say who pressed"
        if self.element_id is None and not self.answers:
            yield "it does not say what was pressed"
        told = self._press.element_id
        if told is not None and told != self.element_id:
            yield "it names another element than its token, whose element counts"
        yield from self._press.problems

    @lazy
    def _press(self: "ReceivedInteraction") -> WirePress:
        return press_in(self._wire["body"])

    @property
    def _only_user(self) -> str | None:
        user: str | None = self._wire["only_user"]
        return user

    @property
    def _proved(self) -> Mapping[str, str]:
        proved: Mapping[str, str] = self._wire["proved"]
        return proved
