"""The options that commands of all kinds share."""

from collections.abc import Callable
from typing import Any

import click

as_json: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, one object a line."
)


def examples(*commands: str) -> str:
    """The examples at the end of a command's help."""
    return "\n".join(
        (
            "\b",
            "Examples:" if len(commands) > 1 else "Example:",
            *(f"  {each}" for each in commands),
        )
    )
