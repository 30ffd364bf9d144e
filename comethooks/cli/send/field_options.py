"""`--text`, `--sender` and the like: what is said of a sample by name, as tests say it."""

from collections.abc import Mapping
from typing import Any, cast

import click

from comethooks import samples
from comethooks.cli.terminal.options import together
from comethooks.samples.fields import Fields

_HELP: Mapping[str, tuple[str, str]] = {
    "text": ("TEXT", "The text of the message."),
    "sender": ("UID", "Who causes it."),
    "receiver": ("UID", "Whom it is for."),
    "group": ("GUID", "The group that it is in, or about."),
    "member": ("UID", "Whose membership changes."),
    "message_id": ("ID", "The message that it is about."),
    "metadata": ("JSON", "The metadata of the message, an object."),
    "tags": ("TAG", "A tag of the message. Repeatable."),
    "emoji": ("EMOJI", "The emoji of the reaction."),
}


def option_of(name: str) -> str:
    """The option for a field."""
    return "--tag" if name == "tags" else f"--{name.replace('_', '-')}"


field_options = together(
    *(
        click.option(option_of(name), name, metavar=metavar, help=text, multiple=name == "tags")
        for name, (metavar, text) in _HELP.items()
    )
)
"""An option for each of `Fields`, which is an argument of its name."""


def fields_of(given: Mapping[str, Any]) -> Fields:
    """What the options say. Metadata that is no object is wrong use."""
    said = {name: value for name, value in given.items() if value not in (None, ())}
    if "metadata" in said:
        said["metadata"] = samples.value_of(said["metadata"])
        if not isinstance(said["metadata"], dict):
            raise click.BadParameter('write an object: {"score": 3}', param_hint="'--metadata'")
    return cast(Fields, said)
