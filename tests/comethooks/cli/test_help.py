"""What `--help` says, for somebody who sees it first."""

import click
import pytest
from click.testing import CliRunner

from comethooks.cli import main


def groups(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    """The words that lead to each group of commands."""
    context = click.Context(group)
    below = ((name, group.get_command(context, name)) for name in group.list_commands(context))
    return [
        path,
        *(
            found
            for name, command in below
            if isinstance(command, click.Group)
            for found in groups(command, *path, name)
        ),
    ]


@pytest.mark.parametrize("path", groups(main), ids=" ".join)
def test_on_a_terminal_of_80_columns_each_command_is_summed_up_in_a_whole_sentence(
    path: tuple[str, ...],
) -> None:
    said = CliRunner().invoke(main, [*path, "--help"], env={"COLUMNS": "80"})
    assert said.exit_code == 0
    assert [
        line for line in said.output.splitlines() if line.startswith("  ") and line.endswith("...")
    ] == []


def test_the_first_page_has_every_command_below_what_it_is_for() -> None:
    said = CliRunner().invoke(main, ["--help"]).output
    sections = said.partition("Options:")[2].split("\n\n")[1:]
    listed = [line.split()[0] for each in sections for line in each.splitlines()[1:] if line]
    assert listed == main.list_commands(click.Context(main))
    assert len(sections) > 1
