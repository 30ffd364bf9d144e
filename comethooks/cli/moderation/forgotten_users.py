"""`comethooks moderation forget`: drops what cases hold of a user's messages."""

import click

from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.output import print_json
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.texts import number_of


@click.command(
    epilog=options.examples(
        "comethooks moderation forget omar", "comethooks moderation forget omar --app 2345abc"
    )
)
@click.argument("user", metavar="UID")
@filters.app
@options.as_json
def forget(user: str, app: str | None, as_json: bool) -> None:
    """Drop the excerpts of what a user wrote from all cases.

    It is for a user who is deleted, or who asks for it. The cases stay.
    """
    with open_stores() as stores:
        count = stores.journal.cases.forget_user(user, app, now=now_ms())
    if as_json:
        print_json({"user": user, "app_id": app, "excerpts": count})
    else:
        click.echo(f"{number_of(count, 'excerpt')} of {user} dropped.")
