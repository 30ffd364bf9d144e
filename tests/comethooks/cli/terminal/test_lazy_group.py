"""A group finds its own commands and those of modules, and imports a module when it is asked."""

import sys

import click
import pytest
from click.testing import CliRunner

from comethooks.cli.terminal.lazy_group import LazyGroup

MODULE = "comethooks.cli.triggers"


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> LazyGroup:
    """A group with a command of its own and one of a module that is not imported."""
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    made = LazyGroup(name="all", package="comethooks.cli", modules={"triggers": "triggers"})
    made.add_command(click.Command("own", callback=lambda: click.echo("mine")))
    return made


def test_a_module_is_imported_for_its_command_alone(group: LazyGroup) -> None:
    assert CliRunner().invoke(group, ["own"]).output == "mine\n"
    assert MODULE not in sys.modules
    assert CliRunner().invoke(group, ["triggers", "message_sent"]).exit_code == 0
    assert MODULE in sys.modules


def test_the_help_has_all_of_them(group: LazyGroup) -> None:
    """The group's own first."""
    assert group.list_commands(click.Context(group)) == ["own", "triggers"]
    said = CliRunner().invoke(group, ["nothing"])
    assert said.exit_code == 2
    assert "No such command 'nothing'" in said.output
