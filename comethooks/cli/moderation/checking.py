"""`comethooks moderation check`: what the rules would find in a text."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import click
from rich.text import Text

from comethooks.cli.moderation.rules_in_force import look_at, rules_in_force, what_it_does
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import indented, print_text
from comethooks.cli.terminal.output import hint, print_json
from comethooks.workers.moderation.look import Look
from comethooks.workers.moderation.rule import Match, Rule
from comethooks.workers.moderation.rule_set import Rules, why_not
from comethooks.workers.moderation.scoring import Scorers
from comethooks.workers.texts import number_of, plain

_COUNTING = ("flood", "repeats")
_OVER_HTTP = ("scorer",)


@click.command(
    epilog=options.examples(
        'comethooks moderation check "FR€E crypt0 for you"',
        'comethooks moderation check "call me" --user ann --group den --role guest',
        "COMETHOOKS_MODERATION_RULES=draft.toml comethooks moderation check hello --json",
    )
)
@click.argument("text")
@click.option("--user", metavar="UID", help="Who sends it.")
@click.option("--role", metavar="NAME", help="The role that they have.")
@click.option("--group", metavar="GUID", help="The group that it goes to; without it, a user.")
@click.option("--app", metavar="ID", help="The app that it is of.")
@click.option("--score", "asks", is_flag=True, help="Ask the services of scorers, too.")
@options.as_json
def check(
    text: str,
    user: str | None,
    role: str | None,
    group: str | None,
    app: str | None,
    asks: bool,
    as_json: bool,
) -> None:
    """Say which rules find something in a text, and what they would do.

    They are those of COMETHOOKS_MODERATION_RULES. Nothing is kept, counted or sent, but for what
    --score asks.
    """
    rules = rules_in_force()
    with ExitStack() as stack:
        score = None
        if asks:
            import httpx  # only who asks a service needs it

            client = stack.enter_context(httpx.Client())
            score = Scorers().asking(client.post, lambda error: hint(f"No scores: {error}"))
        look = look_at(text, user=user, role=role, group=group, app=app, score=score)
        matches = rules.findings(look)
    if as_json:
        for match in matches:
            print_json(_document(match))
        return
    for match in matches:
        _print(match)
    _print_others(rules, matches, look, asks=asks)


def _document(match: Match) -> dict[str, Any]:
    rule = match.rule
    return {
        "rule": rule.name,
        "kind": match.kind,
        "found": match.found,
        "normalised": match.normalised,
        "in_flight": rule.in_flight,
        "after": [*rule.after],
        "severity": rule.severity,
        "shadow": rule.shadow,
    }


def _print(match: Match) -> None:
    said = plain(f" ({match.rule.place}, {match.rule.severity}) {match.kind}: {match.found}")
    print_text(Text.assemble((match.rule.name, "bold"), said))
    if match.normalised:
        print_text(indented(f"normalised: {match.normalised}"))
    print_text(indented(f"would {what_it_does(match.rule)}"))


def _print_others(rules: Rules, matches: Iterable[Match], look: Look, *, asks: bool) -> None:
    """Why the others found nothing, as far as that is no matter of the text."""
    finding = {match.rule.name for match in matches}
    for rule in rules.rules:
        if reason := _reason(rule, look, asks=asks):
            hint(f"{rule.name} ({rule.place}): {reason}.")
    hint(f"{number_of(len(finding), 'rule')} of {len(rules.rules)} found something.")


def _reason(rule: Rule, look: Look, *, asks: bool) -> str | None:
    if reason := why_not(rule, look):
        return reason
    if any(kind in _COUNTING for kind in rule.kinds):
        return "it counts messages, and here is one alone"
    if not asks and any(kind in _OVER_HTTP for kind in rule.kinds):
        return "it asks a service; --score does that here"
    return None
