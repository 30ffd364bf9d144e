"""`comethooks moderation test`: whether the rules find in texts what they are meant to find."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import click
from marshmallow import ValidationError, fields
from rich.text import Text

from comethooks.cli.moderation.rules_in_force import look_at, rules_in_force
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.output import hint, print_json
from comethooks.schemas.loading import by_path
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.plugin_files.file_fields import MISSING, FileSchema
from comethooks.workers.texts import cut, meant, number_of, plain

_MOST_SHOWN = 120


def _text(**options: Any) -> fields.String:
    return fields.String(error_messages=MISSING, **options)


class TryLineSchema(FileSchema):
    """A line of the file."""

    text = _text(required=True)
    expect = fields.List(
        _text(),
        required=True,
        error_messages={**MISSING, "invalid": "expected a list of the names of rules"},
    )
    user = _text()
    role = _text()
    group = _text()
    app = _text()


@dataclass(frozen=True, slots=True)
class Tried:
    """A line, and what became of it: the rules that were to find something and did not, and those
    that were not to and did.
    """

    line: int
    text: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether it came out as it says."""
        return not self.missing and not self.unexpected


@click.command(
    name="test",
    epilog=options.examples(
        "comethooks moderation test texts.jsonl",
        "COMETHOOKS_MODERATION_RULES=draft.toml comethooks moderation test texts.jsonl",
    ),
)
@click.argument("file", type=click.File(encoding="utf-8"))
@options.as_json
def test(file: TextIO, as_json: bool) -> None:
    """Try out whether rules find what they are meant to find.

    They are those of COMETHOOKS_MODERATION_RULES; FILE, or - for the standard input, has the texts.
    Each line is a JSON object: {"text": "free crypto", "expect": ["scam"]}, with the names of all
    rules that are to find something; "user", "role", "group" and "app" may say who sends it where.
    It prints what came out otherwise, and fails then. Nothing is counted, and no service is asked.
    """
    rules = rules_in_force()
    tried = [_try(rules, number, line) for number, line in _lines(file)]
    wrong = [each for each in tried if not each.is_right]
    for each in wrong:
        if as_json:
            print_json(
                {
                    "line": each.line,
                    "text": each.text,
                    "missing": [*each.missing],
                    "unexpected": [*each.unexpected],
                }
            )
        else:
            _print(each)
    hint(f"{len(tried) - len(wrong)} of {number_of(len(tried), 'text')} came out as expected.")
    if wrong:
        raise click.exceptions.Exit(1)


def _lines(file: TextIO) -> Iterator[tuple[int, str]]:
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name} is no UTF-8 (byte {error.start})") from None


def _try(rules: Rules, number: int, line: str) -> Tried:
    given = _read(number, line)
    known = {rule.name for rule in rules.rules}
    for name in given["expect"]:
        if name not in known:
            advice = meant(name, known, most=1) or "see: comethooks moderation rules"
            raise click.ClickException(f"line {number}: there is no rule {name}; {advice}")
    expected = set(given.pop("expect"))
    found = {match.rule.name for match in rules.findings(look_at(**given))}
    return Tried(
        number, given["text"], tuple(sorted(expected - found)), tuple(sorted(found - expected))
    )


def _read(number: int, line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
        if not isinstance(document, Mapping):
            raise click.ClickException(f"line {number}: expected a JSON object")
        loaded: dict[str, Any] = TryLineSchema().load(document)
    except json.JSONDecodeError as error:
        raise click.ClickException(f"line {number}: it is no JSON: {error.msg}") from None
    except ValidationError as error:
        problems = by_path(error.messages_dict).items()
        said = [f"{where}: {' '.join(texts)}" for where, texts in problems]
        raise click.ClickException(f"line {number}: {'; '.join(said)}") from None
    return loaded


def _print(tried: Tried) -> None:
    shown = cut(" ".join(tried.text.split()), _MOST_SHOWN)
    print_text(Text.assemble((f"line {tried.line}", "bold"), plain(f": {shown}")))
    for name in tried.missing:
        print_text(Text(f"  - {name} was to find something, and did not", style="red"))
    for name in tried.unexpected:
        print_text(Text(f"  + {name} found something, and was not to", style="green"))
