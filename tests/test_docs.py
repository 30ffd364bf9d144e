"""The documentation names everything that there is, and leads nowhere else."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from schemas import TRIGGERS
from webhooks.cli import main
from workers.settings import NAMES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md")


def commands(group: click.Group, prefix: str) -> Iterator[str]:
    """The full name of every command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize("name", NAMES.values())
def test_every_setting_is_in_the_table_of_settings(name: str) -> None:
    """A setting that nobody can read about is not there."""
    assert f"| `{name}` |" in (DOCS / "settings.md").read_text()


@pytest.mark.parametrize("command", list(commands(main, "comethooks")))
def test_every_command_is_in_the_table_of_commands(command: str) -> None:
    """Neither is a command."""
    assert f"`{command}" in (DOCS / "commands.md").read_text()


@pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=lambda trigger: trigger.name)
def test_every_trigger_with_a_schema_is_in_the_table_of_triggers(trigger: object) -> None:
    """With its canonical name, if it has one."""
    text = (DOCS / "events.md").read_text()
    assert f"`{trigger.name}`" in text  # type: ignore[attr-defined]
    assert trigger.canonical is None or f"`{trigger.canonical}`" in text  # type: ignore[attr-defined]


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


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links to them, by GitHub's rules."""
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text: str) -> str:
    """A page without its blocks of code, whose comments and brackets are neither headings nor links."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
