"""Reading what a check found."""

from collections.abc import Iterable

from comethooks.doctor.finding import Finding, Level

OK, WARNING, WRONG = Level.OK, Level.WARNING, Level.WRONG


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    """The findings by name; no name comes twice."""
    found = list(findings)
    named = {finding.check: finding for finding in found}
    assert len(named) == len(found), [finding.check for finding in found]
    return named


def levels(findings: Iterable[Finding]) -> dict[str, Level]:
    """How bad each is, by name."""
    return {name: finding.level for name, finding in by_check(findings).items()}


def not_ok(findings: Iterable[Finding]) -> dict[str, Level]:
    """The same of those that are not as they should be."""
    return {name: level for name, level in levels(findings).items() if level is not OK}
