"""The documentation names everything that there is, leads nowhere else, and its data are what they
seem to be.
"""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bench.peers import tables
from comethooks import schemas
from comethooks.cli import main
from comethooks.files.imported import event_in
from comethooks.schemas import TRIGGERS
from comethooks.workers.analytics.metrics import METRICS, Metric
from comethooks.workers.settings.settings import NAMES, Settings
from tests.looped import looped
from tests.pages import Block, blocks

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md")
WITH_CODE = (*PAGES, *sorted(ROOT.glob("examples/*/README.md")))


def in_pages(*languages: str) -> list[object]:
    """The blocks of code in these languages, each with the page and the number that it has
    there.
    """
    return [
        pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
        for page in WITH_CODE
        for number, block in enumerate(blocks(page, *languages), 1)
    ]


def commands(group: click.Group, prefix: str) -> Iterator[str]:
    """The full name of every command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_is_no_wider_than_code(page: Path) -> None:
    """100 columns, but for tables, blocks of code and what cannot be broken."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > 100 and " " in line[:100].strip()] == []


@looped("name", NAMES.values())
def test_every_setting_is_in_the_table_of_settings(name: str) -> None:
    """A setting that nobody can read about is not there."""
    assert f"| `{name}` |" in (DOCS / "settings.md").read_text()


@looped("command", list(commands(main, "comethooks")))
def test_every_command_is_in_the_table_of_commands(command: str) -> None:
    """Neither is a command."""
    assert f"`{command}" in (DOCS / "commands.md").read_text()


@looped("trigger", TRIGGERS.values(), ids=lambda trigger: trigger.name)
def test_every_trigger_with_a_schema_is_in_the_table_of_triggers(trigger: object) -> None:
    """With its canonical name, if it has one."""
    text = (DOCS / "events.md").read_text()
    assert f"`{trigger.name}`" in text  # type: ignore[attr-defined]
    assert trigger.canonical is None or f"`{trigger.canonical}`" in text  # type: ignore[attr-defined]


@looped("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_is_in_the_table_of_metrics(metric: Metric) -> None:
    """With its labels, its unit and what it counts, as the command lists it."""
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    partly = " *" if metric.partial else ""
    row = f"| `{metric.name}` | {labels} | {metric.unit} | {metric.sentence}{partly} |"
    assert row in (DOCS / "analytics.md").read_text().splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_another_page_leads_somewhere(page: Path) -> None:
    """To a file that is there and, where it names one, to a heading in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


@pytest.mark.parametrize("block", in_pages("json"))
def test_what_is_called_json_is_json(block: Block) -> None:
    """And where it is the body of an event or the line of an export, it would be accepted as
    such.
    """
    document = json.loads(block.code)
    if {"trigger", "data"} <= document.keys():
        schemas.parse(document, block.code.encode())
    if {"received_at", "body"} <= document.keys():
        record = event_in(json.dumps(document).encode())
        derived = ("id", "trigger", "name", "source", "app_id", "conversation_id", "sender", "size")
        assert {name: getattr(record, name) for name in derived} == {
            name: document[name] for name in derived
        }
        schemas.parse(schemas.decode(record.body), record.body)


@pytest.mark.parametrize("block", in_pages("console", "shell"))
def test_settings_that_are_exported_can_be_read(block: Block, tmp_path: Path) -> None:
    """Those of comethooks, with the values that they have there."""
    exports = re.findall(r"^(?:\$ )?export (.*)", block.code, re.MULTILINE)
    words = [word for line in exports for word in shlex.split(line, comments=True)]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    ours = {name: value for name, value in given.items() if name in NAMES.values()}
    Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path), **ours})


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links to them, by GitHub's rules."""
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text: str) -> str:
    """A page without its blocks of code, whose comments and brackets are neither headings nor
    links.
    """
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def test_the_tables_beside_others_are_those_of_the_kept_run() -> None:
    """Nobody has written a number into them by hand."""
    assert tables.written(tables.kept()) in (DOCS / "benchmarks.md").read_text()


def test_every_test_that_the_page_of_security_names_is_there() -> None:
    """What it says is stopped is shown to be."""
    named = re.findall(r"`(tests/[\w/]+\.py): (\w+)`", (DOCS / "security.md").read_text())
    assert len(named) > 50
    files = {file: ast.parse((ROOT / file).read_text()) for file, _ in named}
    there = {
        (file, node.name)
        for file, tree in files.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert set(named) <= there, set(named) - there
    assert (DOCS / "security.md").read_text().count("`tests/") == len(named)
