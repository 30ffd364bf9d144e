"""Webhooks of one app that send the same events to the same URL.

Each of the two bodies names its own webhook, so the second one is no repeat of the first: every
event is handled twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from comethooks.management.answers import Webhook
from comethooks.workers.texts import number_of

_FEW = 3
"""Triggers that a sentence names."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two webhooks with one URL, and the triggers that both deliver."""

    ids: tuple[str, str]
    url: str
    triggers: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What it comes to, and what to do."""
        return f"{self.detail}; {self.advice}"

    @property
    def advice(self) -> str:
        """What to do."""
        return f"remove one: comethooks webhook remove {self.ids[1]}"

    @property
    def detail(self) -> str:
        """What it comes to."""
        first, second = self.ids
        count = len(self.triggers)
        what = ", ".join(self.triggers) if count <= _FEW else number_of(count, "trigger")
        return (
            f"{first} and {second} both send {what} to {self.url}, and each of these events is"
            " handled twice"
        )


def overlapping(found: Sequence[tuple[Webhook, Sequence[str]]]) -> Iterator[Overlap]:
    """Every two of the webhooks, given with their triggers, that deliver the same. One that is
    known to be disabled delivers nothing.
    """
    sending = [each for each in found if each[0].enabled is not False and each[0].url]
    for (one, of_one), (other, of_other) in combinations(sending, 2):
        both = tuple(trigger for trigger in of_one if trigger in of_other)
        if one.url is not None and one.url == other.url and both:
            yield Overlap((one.id, other.id), one.url, both)
