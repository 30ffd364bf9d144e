"""Asking before a command changes what it cannot take back."""

import sys
from collections.abc import Callable
from typing import Any

import click

from comethooks.cli.terminal.output import hint

yes_option: Callable[[Any], Any] = click.option(
    "--yes", is_flag=True, help="Do not ask; needed where there is no terminal."
)


def can_ask() -> bool:
    """Whether somebody is there who could answer."""
    return sys.stdin.isatty()


def require_answer(what: str, *, yes: bool) -> None:
    """End the command with wrong use when it would have to ask and nobody could answer.

    Call it as soon as it is known that there is something to ask about, so that a script learns of
    its mistake before anything else is done. `what` says what `--yes` does: "forget it".
    """
    if not (yes or can_ask()):
        raise click.UsageError(f"there is no terminal to ask on; add --yes to {what}")


def ask(question: str, *, yes: bool) -> None:
    """Ask, unless the answer was given before; end the command with 1 when it is no."""
    if not yes and not click.confirm(question, prompt_suffix=" ", err=True):
        hint("Nothing was changed.")
        raise click.exceptions.Exit(1)
