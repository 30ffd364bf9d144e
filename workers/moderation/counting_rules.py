"""What rules find that no text says by itself: how often somebody writes, and what services say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from comethooks.workers.moderation.look import Look, Scores
from comethooks.workers.moderation.normalising.normaliser import NORMALISER, Reading
from comethooks.workers.moderation.rule import Kind, Match, Rule, ScorerCall
from comethooks.workers.moderation.scoring import found_labels
from comethooks.workers.streams.windows import Asked

Numbered = tuple[int, Match]
"""Something that was found, and the number of the rule that found it."""


@dataclass(frozen=True)
class TextRead:
    """A text, and what normalising makes of it; None when nobody looks at that."""

    text: str
    reading: Reading | None = None

    @cached_property
    def normalised(self) -> str:
        """It as patterns and repetition see it; empty when nobody looks at that."""
        return self.reading.text if self.reading is not None else ""

    @cached_property
    def cleaned(self) -> str:
        """It with plain characters and nothing that nobody sees, as addresses are read."""
        return NORMALISER.characters(self.text)

    def match(self, rule: Rule, kind: Kind, found: str) -> Match:
        """Something that a rule found in it."""
        return Match(rule, kind, found, self.text, self.normalised)


def in_windows(
    applying: Mapping[int, Rule], look: Look, readings: Sequence[TextRead]
) -> Iterator[Numbered]:
    """Who writes too often, or the same too often. All windows are asked at once."""
    if look.windows is None or not look.sender:
        return
    said = "\n".join(filter(None, (each.normalised for each in readings)))
    asked: list[tuple[int, Kind, int, Asked]] = []
    for number, rule in applying.items():
        of_sender = f"{look.stage}\0{rule.name}\0{look.app_id}\0{look.sender.lower()}"
        if rule.flood is not None:
            flood = rule.flood
            window = (f"flood\0{of_sender}", look.identity, flood.seconds, flood.messages + 1)
            asked.append((number, "flood", flood.messages + 1, window))
        if rule.repeats is not None and said:
            again = rule.repeats
            where = "" if again.across else look.conversation_id
            window = (
                f"repeats\0{of_sender}\0{where}\0{said}",
                look.identity,
                again.seconds,
                again.times,
            )
            asked.append((number, "repeats", again.times, window))
    if not asked:
        return
    counts = look.windows.count([window for *_, window in asked])
    for (number, kind, from_here, window), count in zip(asked, counts or (), strict=False):
        if count >= from_here:
            found = f"{count} in {window[2]:g} s"
            yield number, Match(applying[number], kind, found)


def by_services(applying: Mapping[int, Rule], look: Look) -> Iterator[Numbered]:
    """What services say of the texts. Rules that ask the same of one ask it once."""
    score = look.score
    if score is None or not look.texts:
        return
    answers: dict[ScorerCall, Scores | None] = {}
    for number, rule in applying.items():
        if rule.scorer is None:
            continue
        call = rule.scorer.call
        if call not in answers:
            answers[call] = score(call, look.texts)
        for text, labels in zip(look.texts, answers[call] or (), strict=False):
            for label in found_labels(rule.scorer, labels):
                yield number, Match(rule, "scorer", label, text)
