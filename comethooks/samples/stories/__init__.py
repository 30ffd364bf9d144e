"""Stories: several events that belong together, in their order, each later than the one before."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any

from comethooks.samples.making import APP_ID
from comethooks.samples.stories import chats, lives
from comethooks.samples.stories.teller import Teller


@dataclass(frozen=True, slots=True)
class Story:
    """A story. It may have `variants`, the first of which is the usual one.

    `messages` is how many messages are in it unless the caller says otherwise; 0 when it has none.
    """

    tell: Callable[[Teller, int, str], Iterator[dict[str, Any]]]
    messages: int = 0
    variants: tuple[str, ...] = ("usual",)

    def told(
        self,
        *,
        now_ms: int,
        random: Random,
        app_id: str = APP_ID,
        messages: int | None = None,
        variant: str | None = None,
    ) -> tuple[int, Iterator[dict[str, Any]]]:
        """How many bodies the story has, and the bodies, of which the last one is about `now_ms`.

        Times are in milliseconds since the epoch. Raises `KeyError` when there is no such variant.
        """
        told = variant or self.variants[0]
        if told not in self.variants:
            raise KeyError(told)
        count = self.messages if messages is None else messages
        seed = random.getrandbits(64)
        # How long it takes is known once it was told; told again, it is the same, and ends now.
        rehearsal = Teller(Random(seed), 0, app_id)
        length = sum(1 for _ in self.tell(rehearsal, count, told))
        return length, self.tell(
            Teller(Random(seed), now_ms - rehearsal.now_ms, app_id), count, told
        )


STORIES: Mapping[str, Story] = MappingProxyType(
    {
        "conversation": Story(chats.conversation, messages=10),
        "group": Story(lives.group, messages=3),
        "call": Story(lives.call, variants=lives.CALL_VARIANTS),
        "moderation": Story(chats.moderated, messages=3),
        "form": Story(chats.forms, messages=3),
    }
)
