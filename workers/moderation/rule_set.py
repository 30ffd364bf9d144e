"""All rules of a file, and what they find.

What finds it is imported with the first message that is looked at: most processes that know rules
look at none, and normalising alone takes more than all else of a start.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from comethooks.workers.moderation.look import Look
from comethooks.workers.moderation.rule import Match, Rule

if TYPE_CHECKING:
    from comethooks.workers.moderation.counting_rules import Numbered, TextRead
    from comethooks.workers.moderation.normalising.word_index import WordIndex
    from comethooks.workers.moderation.text_patterns import PatternIndex


@dataclass(frozen=True)
class Rules:
    """The rules of a file, in its order. `version` changes with every byte of it."""

    rules: tuple[Rule, ...]
    version: str
    path: Path

    def findings(self, look: Look) -> tuple[Match, ...]:
        """What they find, in the order of the rules and of what each looks for.

        It reaches nothing but `look.windows`, once, and `look.score`, once for each service. What
        `look.score` raises comes through.
        """
        applying = {number: rule for number, rule in enumerate(self.rules) if applies(rule, look)}
        if not applying:
            return ()
        from comethooks.workers.moderation.counting_rules import by_services, in_windows

        readings = self._readings(applying.values(), look)
        found = [
            *self._in_texts(applying, readings),
            *by_services(applying, look),
            *in_windows(applying, look, readings),
        ]
        # Sorting keeps the order of what is equal.
        return tuple(match for _, match in sorted(found, key=lambda each: each[0]))

    def prepare(self) -> None:
        """Make what is made when it is first needed, before anybody waits for it. Rules that only
        count take too little to be worth it.
        """
        from comethooks.workers.moderation.contacts import found_contacts
        from comethooks.workers.moderation.links import found_links

        if any(rule.words or rule.patterns for rule in self.rules):
            from comethooks.workers.moderation.normalising.normaliser import NORMALISER

            [*self._words.found_in(NORMALISER.read("warm")), *self._patterns.found_in("warm")]
        for rule in self.rules:
            if rule.links is not None:
                [*found_links(rule.links, "example.com")]
            if rule.contacts is not None:
                [*found_contacts(rule.contacts, "me@example.com or +1 201 555 0123")]

    @cached_property
    def _words(self) -> "WordIndex":
        from comethooks.workers.moderation.normalising.word_index import RuleWord, WordIndex

        return WordIndex(
            RuleWord(number, word) for number, rule in enumerate(self.rules) for word in rule.words
        )

    @cached_property
    def _patterns(self) -> "PatternIndex":
        from comethooks.workers.moderation.text_patterns import PatternIndex

        return PatternIndex(self.rules)

    def _readings(self, rules: Iterable[Rule], look: Look) -> tuple["TextRead", ...]:
        """The texts, each normalised if somebody looks at that."""
        from comethooks.workers.moderation.counting_rules import TextRead
        from comethooks.workers.moderation.normalising.normaliser import NORMALISER

        if any(each.words or each.patterns or each.repeats for each in rules):
            return tuple(TextRead(text, NORMALISER.read(text)) for text in look.texts)
        return tuple(map(TextRead, look.texts))

    def _in_texts(
        self, applying: Mapping[int, Rule], readings: Iterable["TextRead"]
    ) -> Iterator["Numbered"]:
        from comethooks.workers.moderation.contacts import found_contacts
        from comethooks.workers.moderation.links import found_links

        for read in readings:
            if read.reading is not None:
                for number, word in self._words.found_in(read.reading):
                    if number in applying:
                        yield number, read.match(applying[number], "words", word)
                for number, pattern in self._patterns.found_in(read.text, read.normalised):
                    if number in applying:
                        yield number, read.match(applying[number], "patterns", pattern)
            for number, rule in applying.items():
                if rule.links is not None:
                    for link in dict.fromkeys(found_links(rule.links, read.cleaned)):
                        yield number, read.match(rule, "links", link)
                if rule.contacts is not None:
                    for contact in dict.fromkeys(found_contacts(rule.contacts, read.cleaned)):
                        yield number, read.match(rule, "contacts", contact)


def applies(rule: Rule, look: Look) -> bool:
    """Whether a rule looks at this at all: its filters let it through, and nobody is exempt."""
    return why_not(rule, look) is None


def why_not(rule: Rule, look: Look) -> str | None:
    """Why a rule does not look at this; None if it does."""
    exempt = rule.exempt
    sender = (look.sender or "").lower()
    # Whoever could say that they are somebody else would say that they are exempt.
    if look.sender_is_sure and not exempt.roles.isdisjoint(look.roles):
        return "the sender's role is exempt"
    if look.sender_is_sure and sender in exempt.users:
        return "the sender is exempt"
    if look.group and look.group.lower() in exempt.groups:
        return "the group is exempt"
    if rule.roles and rule.roles.isdisjoint(look.roles):
        return f"it is for the roles {', '.join(sorted(rule.roles))}"
    for each in rule.filters:
        found = look.values.get(each.name)
        if not each.lets(found or ()):
            return each.misfit(found or ())
    return _too_old_or_young(rule, look)


def _too_old_or_young(rule: Rule, look: Look) -> str | None:
    if rule.user_age is None:
        return None
    if look.created_at is None or look.at is None:
        return "nobody knows how old the sender's account is"
    is_younger = look.at - look.created_at < rule.user_age.than
    if is_younger is rule.user_age.younger:
        return None
    return f"the sender's account is {'older' if rule.user_age.younger else 'younger'}"
