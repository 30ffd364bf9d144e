"""What rules want done: in words, and as a decision on a message in flight."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from comethooks.workers.moderation.rule import Match, Severity
from comethooks.workers.plugins.deciders.decision import Decision

_BY_SEVERITY: Sequence[Severity] = get_args(Severity)
_SAID: Mapping[str, str] = {"links": "a link", "contacts": "a way to be reached elsewhere"}
"""What is told of what is found as it stands in the message."""


def of_each_rule(found: Iterable[Match]) -> tuple[Match, ...]:
    """The first thing that each rule found; those of the worst rules come first."""
    first: dict[str, Match] = {}
    for match in found:
        first.setdefault(match.rule.name, match)
    worst_first = sorted(
        first.values(), key=lambda match: _BY_SEVERITY.index(match.rule.severity), reverse=True
    )
    return tuple(worst_first)


def why(match: Match) -> str:
    """The rule and what it found, without anything of the message."""
    return f"{match.rule.name}: {_SAID.get(match.kind, match.found)}"


def rule_in(reason: str) -> str:
    """The name of the rule in what `why` said."""
    return reason.partition(":")[0]


def decision_on(found: Iterable[Match]) -> Decision | None:
    """What is decided on a message in flight in which this was found; None: nothing."""
    matches = of_each_rule(found)
    drops = [match for match in matches if match.rule.in_flight == "drop"]
    if drops:
        return Decision.drop(why(drops[0]))
    told = [match.rule for match in matches if match.rule.in_flight == "annotate"]
    if not told:
        return None
    named = {"rules": [rule.name for rule in told], "severity": told[0].severity}
    return Decision.annotate({"moderation": named})
