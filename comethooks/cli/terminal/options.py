"""The options that commands of all kinds share."""

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Any], Any]
"""What gives a command an option, or several."""

as_json: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, one object a line."
)


def together(*decorators: Decorator) -> Decorator:
    """Several options as one, in the order of the help."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def examples(*commands: str) -> str:
    """The examples at the end of a command's help."""
    return "\n".join(
        (
            "\b",
            "Examples:" if len(commands) > 1 else "Example:",
            *(f"  {each}" for each in commands),
        )
    )
