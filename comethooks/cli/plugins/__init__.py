"""`comethooks plugins`: what is found, and whether it can be used."""

import shlex
from pathlib import Path

import click

from comethooks.cli import load_settings
from comethooks.cli.plugins.forgetting import forget
from comethooks.cli.plugins.listing import find, print_documents, print_plugins, print_remarks
from comethooks.cli.plugins.scaffold import check_name, files_of, make
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.output import hint, print_json
from comethooks.workers.shipped import SHIPS_WITH_US


@click.group()
def plugins() -> None:
    """List, check, begin and forget plugins."""


plugins.add_command(forget)


@plugins.command("list", epilog=options.examples("comethooks plugins list"))
@options.as_json
def list_(as_json: bool) -> None:
    """List the plugins with their handlers, here and in the workers.

    STATE says whether they can be used here. Loading them runs their code, as a worker does.
    WORKERS says whether those that are at work have the same; where they do not, a line below says
    who has what, and why.
    """
    settings = load_settings()
    found = find(settings)
    if as_json:
        print_documents(found)
        return
    if found:
        print_plugins(found)
        print_remarks(found)
    if all(each.origin == SHIPS_WITH_US for each in found):
        hint(
            f"No plugins of your own found. Put one into {settings.plugin_dir}, or name one in"
            " COMETHOOKS_PLUGINS."
        )


@plugins.command(epilog=options.examples("comethooks plugins check && comethooks worker"))
@options.as_json
def check(as_json: bool) -> None:
    """Say what is wrong with the plugins, and fail if one is.

    It fails when a plugin cannot be used here. A warning is no reason, nor what the workers have:
    they may have loaded what was there before.
    """
    found = find(load_settings())
    if as_json:
        print_documents(found)
    else:
        print_remarks(found)
    counts = {state: sum(plugin.state == state for plugin in found) for state in _STATES}
    hint(", ".join(f"{count} {state}" for state, count in counts.items()))
    if counts["quarantined"]:
        raise click.exceptions.Exit(1)


@plugins.command(
    epilog=options.examples(
        "comethooks plugins new night_watch", "comethooks plugins new night_watch --dir src"
    )
)
@click.argument("name")
@click.option(
    "--dir",
    "parent",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    metavar="PATH",
    help="Where to make its folder; by default here.",
)
@options.as_json
def new(name: str, parent: Path, as_json: bool) -> None:
    """Make the beginnings of a plugin: a package, a test, a README.

    The package has a handler and a setting. NAME is lower-case letters, digits and _. The folder is
    NAME_plugin; one that is there already is left alone. Prints the path of the folder.
    """
    try:
        check_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'NAME'") from None
    try:
        folder = make(name, parent)
    except FileExistsError as error:
        raise click.ClickException(
            f"{error.filename} is there already; choose another name, or another place with --dir"
        ) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be made: {error.strerror}") from None
    if as_json:
        print_json({"name": name, "path": str(folder), "files": list(files_of(name))})
    else:
        print_text(str(folder))
    hint(_NEXT.format(folder=shlex.quote(str(folder))))


_NEXT = """\
Next:
  cd {folder}
  python -m pytest               its test
  pip install .                  into the environment of comethooks
  comethooks plugins check       whether it is found
Then have the workers load it: kill -USR1 on `comethooks up` or `comethooks worker`, or start them
again. The handler is in the package's __init__.py."""


_STATES = ("loaded", "quarantined", "disabled", "ignored")
