"""The command `comethooks`."""

import importlib
import os
from collections.abc import Mapping

import click

from comethooks.workers.settings.env_file import FROM_ENV_FILE, EnvFileError, read_env_file
from comethooks.workers.settings.settings import Settings, SettingsError

_MODULES: Mapping[str, str] = {
    "up": "services.up",
    "web": "services.parts",
    "worker": "services.parts",
    "db": "services.parts",
    "send": "send",
    "events": "events",
    "requests": "requests",
    "runs": "runs",
    "replay": "replay",
    "explain": "explain",
    "plugins": "plugins",
    "partitions": "partitions",
    "triggers": "triggers",
    "drift": "drift",
    "webhook": "webhook",
    "doctor": "doctor",
}
"""Each command and the module that has it, in the order of the help."""


class _LazyGroup(click.Group):
    """Imports a command's module only when it is asked for: a listing need not wait for Flask."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"{__name__}.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="comethooks", prog_name="comethooks")
def main() -> None:
    """Receive, keep and process the webhooks of CometChat.

    Settings come from the environment, and from a file .env in the current folder; every command
    that is given the same COMETHOOKS_DATA_DIR finds what `comethooks up` runs there.
    """
    try:
        added, remarks = read_env_file(os.environ)
    except EnvFileError as error:
        raise click.ClickException(str(error)) from None
    for remark in remarks:
        click.echo(remark, err=True)
    # Into the environment itself: what is started from here, and what plugins look at, is the same.
    if added:
        os.environ.update({**added, FROM_ENV_FILE: ",".join(added)})


def load_settings() -> Settings:
    """The settings; the command ends with all that is wrong with them."""
    try:
        return Settings.load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
