"""The documentation names everything that there is."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from schemas import TRIGGERS
from webhooks.cli import main
from workers.settings import NAMES

DOCS = Path(__file__).parent.parent / "docs"


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
    """With its canonical name."""
    text = (DOCS / "events.md").read_text()
    assert f"`{trigger.name}`" in text  # type: ignore[attr-defined]
    assert f"`{trigger.canonical}`" in text  # type: ignore[attr-defined]
