"""`comethooks moderation rules`: the rules as they are understood."""

from typing import Any

import click

from comethooks.cli.moderation.rules_in_force import rules_in_force
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.workers.moderation.rule import Rule
from comethooks.workers.moderation.rules_file import SHIPPED_RULES
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.texts import number_of

_COLUMNS = (
    Column("NAME"),
    Column("LOOKS FOR", folds_at=12),
    Column("WHERE", folds_at=12, spare=1),
    Column("IN FLIGHT"),
    Column("AFTER", folds_at=8),
    Column("SEVERITY"),
    Column("SHADOW"),
)


@click.command(
    epilog=options.examples("comethooks moderation rules", "comethooks moderation rules --json")
)
@options.as_json
def rules(as_json: bool) -> None:
    """List the rules that messages are judged by.

    They are those of COMETHOOKS_MODERATION_RULES, or those that ship with comethooks.
    """
    found = rules_in_force()
    if as_json:
        for rule in found.rules:
            print_json(_document(rule))
        return
    print_table(_COLUMNS, [_row(rule) for rule in found.rules])
    if found.path == SHIPPED_RULES:
        hint(f"These ship with comethooks; {NAMES['moderation_rules']} names a file of your own.")


def _row(rule: Rule) -> tuple[Cell, ...]:
    return (
        rule.name,
        ", ".join(_looks_for(rule)),
        ", ".join(_where(rule)),
        rule.in_flight,
        ", ".join(rule.after),
        rule.severity,
        "yes" if rule.shadow else "",
    )


def _looks_for(rule: Rule) -> list[str]:
    counted = {
        "words": number_of(len(rule.words), "word"),
        "patterns": number_of(len(rule.patterns), "pattern"),
    }
    return [counted.get(kind, kind) for kind in rule.kinds]


def _where(rule: Rule) -> list[str]:
    found = [str(each) for each in rule.filters]
    if rule.roles:
        found.append(f"roles={'|'.join(sorted(rule.roles))}")
    if rule.user_age is not None:
        found.append(f"user_age={rule.user_age.written}")
    return found


def _document(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "place": rule.place,
        "line": rule.line,
        "kinds": [*rule.kinds],
        "words": len(rule.words),
        "patterns": [*rule.patterns],
        "where": _where(rule),
        "exempt": {
            "roles": sorted(rule.exempt.roles),
            "users": sorted(rule.exempt.users),
            "groups": sorted(rule.exempt.groups),
        },
        "in_flight": rule.in_flight,
        "after": [*rule.after],
        "severity": rule.severity,
        "shadow": rule.shadow,
    }
