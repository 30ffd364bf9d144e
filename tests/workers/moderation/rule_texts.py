"""Files of rules, as tests write them."""

from pathlib import Path

from comethooks.workers.moderation.look import Look
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.rules_file import RulesFileError, read_rules


def rules_of(folder: Path, text: str) -> Rules:
    """What a file with these rules says; `version` stands before them."""
    path = folder / "rules.toml"
    path.write_text(f"version = 1\n{text}", "utf-8")
    return read_rules(path)


def rule(text: str, name: str = "scam") -> str:
    """A rule with these keys."""
    return f'[[rule]]\nname = "{name}"\n{text}\n'


def problems(folder: Path, text: str) -> dict[str, str]:
    """What is wrong with a file, by path."""
    try:
        rules_of(folder, text)
    except RulesFileError as error:
        return dict(error.found)
    return {}


def found(rules: Rules, *texts: str, **look: object) -> list[tuple[str, str]]:
    """What rules find in texts: the kind of it, and what."""
    looked = Look(texts, **look)  # type: ignore[arg-type]
    return [(each.kind, each.found) for each in rules.findings(looked)]
