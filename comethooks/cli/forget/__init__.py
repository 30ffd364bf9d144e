"""`comethooks forget`: forgets a user, or looks whether somebody is forgotten."""

import click

from comethooks.cli.forget.forgetting_steps import forget_user
from comethooks.cli.forget.forgotten_things import Asked
from comethooks.cli.forget.looking_for import look
from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import yes_option
from comethooks.cli.terminal.output import hint


@click.command(
    epilog=options.examples(
        "comethooks forget omar-4711 --app 2611fa0c --dry-run",
        "comethooks forget omar-4711 --app 2611fa0c --yes",
        "comethooks forget omar-4711 --app 2611fa0c --check",
    )
)
@click.argument("uid", metavar="UID")
@click.option("--app", "app_id", required=True, metavar="ID", help="The app that the user is of.")
@click.option("--dry-run", is_flag=True, help="Only count what would change.")
@click.option("--check", is_flag=True, help="Only look where the uid still stands; then exit 1.")
@click.option(
    "--vacuum",
    is_flag=True,
    help="Have the database write all its pages anew; workers wait for that.",
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until what was received before is journalled.",
)
@yes_option
@options.as_json
def forget(
    *,
    uid: str,
    app_id: str,
    dry_run: bool,
    check: bool,
    vacuum: bool,
    wait: float,
    yes: bool,
    as_json: bool,
) -> None:
    """Forget a user of an app: what the user wrote, and who it was.

    Of messages that the user sent, texts, data, addresses of media and metadata go. Everywhere else
    another name stands for the uid, forgotten-… with eight digits, the same in all rows. Rows,
    counts and figures stay. What counts is what was received until now: delete the user at
    CometChat first.

    All may run meanwhile. When it is stopped, give the same command again.
    """
    if dry_run and check:
        raise click.UsageError("--dry-run counts, and --check looks; give one of the two")
    _require_uid(uid)
    if uid != uid.lower():
        hint("CometChat writes uids in lower case; this one is looked for as you wrote it.")
    asked = Asked(app_id, uid, vacuum=vacuum, wait=wait, yes=yes, as_json=as_json)
    if check:
        look(asked)
    else:
        forget_user(asked, dry_run=dry_run)


def _require_uid(uid: str) -> None:
    if not uid.strip():
        raise click.UsageError("the uid is empty")
    try:
        uid.encode()
    except UnicodeEncodeError:
        raise click.UsageError("the uid is no text in UTF-8") from None
