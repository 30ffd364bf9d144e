"""The command `comethooks`."""

import os
from collections.abc import Mapping
from typing import Any

import click

from comethooks.cli.terminal.broken_output import bearing_broken_output
from comethooks.cli.terminal.lazy_group import LazyGroup
from comethooks.workers.processes import name_host
from comethooks.workers.settings.env_file import FROM_ENV_FILE, EnvFileError, read_env_file
from comethooks.workers.settings.paths import restoring_dir
from comethooks.workers.settings.settings import Settings, SettingsError
from comethooks.workers.streams import keys

_SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Running": {
        "up": "services.up",
        "web": "services.parts",
        "worker": "services.parts",
        "doctor": "doctor",
    },
    "Getting events": {
        "webhook": "webhook",
        "send": "send",
        "triggers": "triggers",
        "backfill": "backfill",
    },
    "Seeing what became of them": {
        "events": "events",
        "requests": "requests",
        "runs": "runs",
        "explain": "explain",
        "drift": "drift",
        "analytics": "analytics",
    },
    "Handling them": {
        "plugins": "plugins",
        "replay": "replay",
        "interactions": "interactions",
        "moderation": "moderation",
        "notify": "notify",
    },
    "Looking after what is kept": {
        "db": "services.db",
        "backup": "backup",
        "restore": "backup.restore",
        "forget": "forget",
        "partitions": "partitions",
        "spool": "spool",
    },
}
"""Each command and the module that has it, in the order of the help."""
_MODULES = {name: module for section in _SECTIONS.values() for name, module in section.items()}
_WIDEST = max(map(len, _MODULES))


class _Commands(LazyGroup):
    """All commands: they bear a broken output, and the help has them by what they are for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        room = formatter.width - 4 - _WIDEST
        for title, names in _SECTIONS.items():
            commands = ((name, self.get_command(ctx, name)) for name in names)
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name.ljust(_WIDEST), command.get_short_help_str(room))
                        for name, command in commands
                        if command is not None
                    ]
                )

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command that was asked for."""
        with bearing_broken_output():
            return super().main(*args, **extra)


@click.group(
    cls=_Commands,
    package=__name__,
    modules=_MODULES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="comethooks", prog_name="comethooks")
def main() -> None:
    """Receive, keep and process the webhooks of CometChat.

    To begin: `comethooks up` runs everything on this machine, and prints what to do next.

    What comes in becomes an event. It waits in Redis until a worker has run the handlers of your
    plugins on it (each time one handler is given one event is a run). From then on event and runs
    are in the journal, a database.

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
    """The settings; the command ends with all that is wrong with them, and where a restore into the
    data directory has not come to its end.
    """
    try:
        settings = read_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    if restoring_dir(settings.data_dir).exists():
        raise click.ClickException(
            f"a restore into {settings.data_dir} has begun and not ended; run it again: comethooks"
            " restore FILE"
        )
    return settings


def read_settings() -> Settings:
    """The settings; from now on all is looked for in Redis where they say, and what is logged goes
    to standard error. Raises `SettingsError` with all that is wrong with them.
    """
    from comethooks.workers import logs  # not for a command's help

    settings = Settings.load()
    logs.configure(settings.log_format)
    keys.begin_with(settings.key_prefix)
    name_host(settings.host)
    return settings
