# ruff: noqa: RUF001
"""What docs/moderation.md says of rules is so."""

import re
from pathlib import Path

import pytest

from comethooks.workers.moderation.normalising.normaliser import STEPS
from comethooks.workers.moderation.rule_schemas import (
    ContactsSchema,
    FloodSchema,
    LinksSchema,
    ModerationRuleSchema,
    RepeatsSchema,
    ScorerSchema,
)
from comethooks.workers.moderation.rules_file import read_rules
from tests.looped import looped
from tests.pages import Block, blocks
from tests.workers.moderation.rule_texts import found, rule, rules_of

PAGE = Path(__file__).parents[3] / "docs" / "moderation.md"
TEXT = PAGE.read_text("utf-8")
KEYS = [
    *ModerationRuleSchema().declared_fields,
    *(
        key
        for schema in (ContactsSchema, FloodSchema, LinksSchema, RepeatsSchema, ScorerSchema)
        for key in schema().declared_fields
    ),
]


@pytest.mark.parametrize("block", blocks(PAGE, "toml"), ids=lambda block: block.file or "part")
def test_its_files_can_be_read(block: Block, tmp_path: Path) -> None:
    """Each as it stands there."""
    path = tmp_path / "rules.toml"
    path.write_text(block.code, "utf-8")
    assert read_rules(path).rules


@looped("key", KEYS)
def test_every_key_is_said(key: str) -> None:
    """A key that nobody can read about is not there."""
    assert f"`{key}`" in TEXT or f"`{key} =" in TEXT or f"{key} = " in TEXT


def test_every_step_of_normalising_is_said() -> None:
    """In the table, in their order, and what it takes back is found."""
    rows = re.findall(r"^\| ([a-z-]+) \| (.*?) \| .*\|$", TEXT, re.MULTILINE)
    steps = {name.replace("-", "_"): taken for name, taken in rows}
    assert [each for each in steps if each in STEPS] == [*STEPS]


def test_what_its_table_takes_back_is_found(tmp_path: Path) -> None:
    """And what it leaves alone is not."""
    rules = rules_of(tmp_path, rule('words = ["scam", "cop", "ano", "schwul", "penis", "god"]'))
    table = TEXT[TEXT.index("| compatibility") : TEXT.index("Accents in a word")]
    hidden = [
        each
        for row in table.splitlines()
        if row
        for each in re.findall(r"`([^`]+)`", row.split("|")[2])
    ]
    assert len(hidden) > 10
    assert [each for each in hidden if found(rules, each) != [("words", "scam")]] == []
    for fine in ("el año", "schwül", "the pen is", "pen.is", "good", "сор из избы", "A55"):
        assert found(rules, fine) == []


def test_a_star_in_place_of_a_letter_is_as_it_says(tmp_path: Path) -> None:
    """It comes to what is left."""
    rules = rules_of(tmp_path, rule('words = "scm"'))
    assert found(rules, "sc*m") == [("words", "scm")]
