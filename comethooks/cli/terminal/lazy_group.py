"""A group of commands that imports the module of each when it is asked for."""

import importlib
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

import click

from comethooks.workers.processes import loading


class LazyGroup(click.Group):
    """A group of which some commands are in modules of their own: a listing need not wait for what
    an import needs.

    `modules` has each of those and its module in `package`, in the order of the help. There the
    command has the same name, and an underscore behind it where it would be a word of Python's.
    """

    def __init__(self, *args: Any, package: str, modules: Mapping[str, str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._package = package
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, the group's own before those of modules."""
        return [*super().list_commands(ctx), *self._modules]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in self._modules:
            return super().get_command(ctx, cmd_name)
        with loading():
            module = importlib.import_module(f"{self._package}.{self._modules[cmd_name]}")
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(module, name)
        return command
