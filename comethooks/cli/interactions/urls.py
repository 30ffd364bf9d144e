"""`comethooks interactions url`: the URLs that presses on interactive messages come to."""

import time

import click

from comethooks.cli import load_settings
from comethooks.cli.services.greeting import given
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.parameters import Duration
from comethooks.workers.presses.tokens import InteractionToken, InteractionUrls
from comethooks.workers.settings.settings import NAMES


@click.command(
    epilog=options.examples(
        "comethooks interactions url --app 2345abc --message 57",
        "comethooks interactions url --app 2345abc --muid order-8 --element submit",
        "comethooks interactions url --app 2345abc --expires 7d",
    )
)
@click.option("--app", required=True, metavar="ID", help="The app that the message is of.")
@click.option("--message", metavar="ID", help="The message, if it is sent already.")
@click.option("--muid", metavar="MUID", help="The muid that the message will be sent with.")
@click.option(
    "--expires", type=Duration(), metavar="TIME", help="For all messages of the app, so long: 7d."
)
@click.option(
    "--element", metavar="ID", help="The button that has the URL, for kits that do not name it."
)
def url(
    app: str, message: str | None, muid: str | None, expires: float | None, element: str | None
) -> None:
    """Print the URL that presses on a message come to.

    It is for an apiAction of one message, by its id or muid, or of all messages of the app for some
    time. Give exactly one of --message, --muid and --expires. Whoever has the URL may say that
    somebody pressed: it proves the message, not the user.
    """
    if [message, muid, expires].count(None) != 2:
        raise click.UsageError("give exactly one of --message, --muid and --expires")
    settings = load_settings()
    if settings.app_ids and app not in settings.app_ids:
        raise click.ClickException(
            f"{app} is none of {NAMES['apps']} and {NAMES['app_ids']}, so its presses would be"
            " refused"
        )
    over = None if expires is None else int(time.time() + expires)
    try:
        token = InteractionToken(app=app, message=message, muid=muid, expires=over, element=element)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        click.echo(InteractionUrls.of(settings).url(token))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if NAMES["public_url"] not in given():
        hint(
            f"{NAMES['public_url']} is not set, so this URL leads to where the web process listens,"
            " and no device of an end user gets there."
        )
