"""What moderation decided about a message, or why it could not. Times are UTC."""

from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import View, flag, lazy, object_in, objects_in, text, time
from comethooks.schemas.wire.rules import to_text


class Moderation(View):
    """What moderation decided about `event.message`, or why it could not."""

    _shown: ClassVar[tuple[str, ...]] = ("status",)

    def __init__(self, wire: Mapping[str, Any], status: str) -> None:
        """`wire` is the `data` of a body, `status` what the event itself says."""
        super().__init__(wire)
        self.__dict__["_told"] = status

    _told: str
    reviewed = flag("reviewed")
    """Whether a person looked at it."""
    outcome = text("outcome")
    """What became of a message that could not be judged."""
    completed_at = time("completedAt")

    @lazy
    def status(self: "Moderation") -> str:
        """`approved`, `disapproved`, `pending`, or `failed`."""
        message = object_in(self._wire.get("message"))
        found = object_in(object_in(message.get("data")).get("moderation")).get("status")
        return to_text(found) or self._told

    @lazy
    def rules(self: "Moderation") -> tuple[Mapping[str, Any], ...]:
        """The rules that the message met, each with its `id` and `name`, read-only."""
        rules = (object_in(item.get("rule")) for item in objects_in(self._wire.get("moderation")))
        return tuple(ReadOnlyDict(rule) for rule in rules if rule)

    @lazy
    def failures(self: "Moderation") -> tuple[Mapping[str, Any], ...]:
        """What went wrong, each with a `category` and an `errorMessage`, read-only."""
        return tuple(ReadOnlyDict(item) for item in objects_in(self._wire.get("failures")))


STATUS_CALLED = {"manually_approved": "approved", "blocked": "disapproved"}
"""CometChat's word for what the canonical name of an event says in another one."""
