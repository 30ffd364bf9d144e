"""Reactions to messages. Times are UTC."""

from typing import ClassVar

from comethooks.schemas.event.people import User, user_of
from comethooks.schemas.event.views import View, identifier, lazy, string, time


class Reaction(View):
    """`user` reacted with `emoji` to the message `message_id`, or took that back."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "message_id")

    id = identifier("id")
    message_id = identifier("messageId")
    emoji = string("reaction")
    at = time("reactedAt")

    @lazy
    def user(self: "Reaction") -> User:
        """Who reacted."""
        by = self._wire.get("reactedBy")
        return user_of(self._wire.get("uid") or by, by)
