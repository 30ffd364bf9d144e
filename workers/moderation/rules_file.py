"""Reading the file that `COMETHOOKS_MODERATION_RULES` names, or the one that ships with us."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comethooks.workers.moderation.rule import Exempt, Rule
from comethooks.workers.moderation.rule_schemas import RulesSchema, word_problem
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.plugin_files.toml_file import (
    PluginFileError,
    Problem,
    decoded,
    lines_of,
    load,
    read_text,
    tables,
)
from comethooks.workers.plugins.event_filters import filters_of
from comethooks.workers.plugins.files import version_of
from comethooks.workers.texts import number_of

if TYPE_CHECKING:
    from comethooks.workers.plugin_files.templates import Template

SHIPPED_RULES = Path(__file__).with_name("shipped_rules.toml")
"""What counts where no file is named."""
_MOST_WORD_BYTES = 4_000_000
_MOST_WORDS = 50_000
"""What a file of words may have: each takes more than a kilobyte in every process."""


class RulesFileError(PluginFileError):
    """A file of rules that cannot be used. `found` has each path with what is wrong there."""


def read_rules(path: Path | None = None, folders: Sequence[Path] = ()) -> Rules:
    """What the file at `path` says; None: the one that ships with us. A path in it begins in the
    first of the `folders` that has such a file, by default in the file's own.

    Raises `RulesFileError` with everything that is wrong with it.
    """
    path = path or SHIPPED_RULES
    try:
        text = read_text(path)
        document = decoded(text)
        listed = [
            _Listed.read(rule, folders or (path.parent,)) for rule in tables(document, "rule")
        ]
        loaded = load(RulesSchema(), document, (*_of_files(listed), *_twice(document)))
    except PluginFileError as error:
        raise RulesFileError(error.found) from None
    rules = _rules(loaded, listed, lines_of(text, "rule"))
    return Rules(tuple(rules), version=version_of(path), path=path)


def files_of(path: Path) -> tuple[Path, ...]:
    """The file, and those with words that it names as far as it can be read."""
    try:
        document = decoded(read_text(path))
    except PluginFileError:
        return (path,)
    named = (rule.get("words_file") for rule in tables(document, "rule"))
    return (path, *(path.parent / each for each in named if isinstance(each, str)))


class _Listed:
    """The words in the file that a rule names, one on each line, or what is wrong with them."""

    def __init__(self, words: Sequence[str] = (), problems: Sequence[str] = ()) -> None:
        self.words = tuple(words)
        self.problems = tuple(problems)

    @classmethod
    def read(cls, rule: Mapping[str, Any], folders: Sequence[Path]) -> "_Listed":
        name = rule.get("words_file")
        if not isinstance(name, str) or not name.strip():
            return cls()
        there = [folder / name for folder in folders]
        file = next((each for each in there if each.is_file()), there[-1])
        try:
            lines = read_text(file, _MOST_WORD_BYTES).splitlines()
        except PluginFileError as error:
            return cls(problems=error.problems)
        words = [(number, line.strip()) for number, line in enumerate(lines, 1)]
        words = [(number, word) for number, word in words if word and not word.startswith("#")]
        if len(words) > _MOST_WORDS:
            return cls(
                problems=[f"it has {number_of(len(words), 'word')}, and may have {_MOST_WORDS}"]
            )
        wrong = [f"line {number}: {said}" for number, word in words if (said := word_problem(word))]
        if not words:
            wrong = ["there is nothing in it"]
        return cls([word for _, word in words], wrong)


def _of_files(listed: Sequence[_Listed]) -> Iterator[Problem]:
    for number, each in enumerate(listed):
        yield from ((f"rule[{number}].words_file", said) for said in each.problems)


def _twice(document: Mapping[str, Any]) -> Iterator[Problem]:
    names: dict[str, int] = {}
    for number, rule in enumerate(tables(document, "rule")):
        name = rule.get("name")
        if not isinstance(name, str):
            continue
        if name in names:
            yield f"rule[{number}].name", f"rule[{names[name]}] is called the same"
        names.setdefault(name, number)


def _rules(
    loaded: Mapping[str, Any], listed: Sequence[_Listed], lines: Sequence[int]
) -> Iterator[Rule]:
    default = loaded.get("defaults", {}).get("exempt", Exempt())
    for number, (rule, of_file) in enumerate(zip(loaded["rule"], listed, strict=True)):
        given = dict(rule)
        where = dict(given.pop("where", {}))
        given.pop("words_file", None)
        yield Rule(
            place=f"rule[{number}]",
            line=lines[number] if len(lines) == len(listed) else 1,
            words=tuple(dict.fromkeys((*given.pop("words", ()), *of_file.words))),
            exempt=given.pop("exempt", default),
            after=tuple(given.pop("after", ())),
            warn=_template(given.pop("warn", None)),
            roles=frozenset(each.lower() for each in where.pop("roles", ())),
            user_age=where.pop("user_age", None),
            filters=filters_of(where),
            **given,
        )


def _template(source: str | None) -> "Template | None":
    if source is None:
        return None
    from comethooks.workers.plugin_files.templates import Template  # most rules have none

    return Template(source)
