"""`comethooks send`: post bodies of our own making, as CometChat would."""

import json
import sys
import time
from collections.abc import Generator
from contextlib import closing
from functools import partial
from typing import IO, Any

import click
import httpx

from comethooks import samples
from comethooks.cli import load_settings
from comethooks.cli.send.bodies import Sending, SendRequest, sending
from comethooks.cli.send.changing import Changes
from comethooks.cli.send.field_options import field_options, fields_of
from comethooks.cli.send.posting import IN_FLIGHT, TIMEOUT_SECONDS, Posted, post, post_all
from comethooks.cli.send.tally import SendTally
from comethooks.cli.send.target import (
    addressed,
    client_for,
    credentials_of,
    target_of,
    without_credentials,
)
from comethooks.cli.terminal import options
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint, print_json, print_pretty_json
from comethooks.workers.settings.paths import bookmark_dir

_MOST_CONNECTIONS = 256


@click.command(
    epilog=options.examples(
        "comethooks send after_message",
        "comethooks send message_sent --variant image",
        'comethooks send message_sent --sender ada --group crew --text "hello"',
        "comethooks send message_sent --set data.message.sentAt=0 --add data.message.muid=m-1",
        "comethooks send message_read_receipt --legacy --count 100 --rate 50",
        "comethooks send message_sent --count 10000 --concurrency 16 --duplicate",
        "comethooks send story conversation --messages 50",
        "comethooks send story call --variant rejected --print",
        "comethooks send --from-file bodies.jsonl",
        "comethooks send long-text",
    )
)
@click.argument("arguments", nargs=-1, metavar="{TRIGGER | story NAME | BOOKMARK}")
@click.option(
    "--from-file",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help=(
        "Send what is in FILE, byte for byte: a JSON object a line, or one document. - is standard"
        " input."
    ),
)
@click.option(
    "--variant",
    metavar="NAME",
    help=(
        "Another form of the same: an image or a form instead of a text, a call that is rejected."
        " The error for an unknown NAME lists them."
    ),
)
@click.option("--legacy", is_flag=True, help="Send the legacy form of a trigger that has two.")
@click.option(
    "--bot", is_flag=True, help="Send the callback to a bot: after_message with a bot in it."
)
@field_options
@click.option(
    "--messages",
    type=click.IntRange(min=1),
    metavar="N",
    help="Tell a story with N messages in it.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="PATH=VALUE",
    help=(
        'Change what is in the body: data.message.data.text="hello". A value that is JSON is taken'
        " as JSON. Repeatable."
    ),
)
@click.option(
    "--add",
    "additions",
    multiple=True,
    metavar="PATH=VALUE",
    help="Set what may not be in the body yet, and the objects on the way to it. Repeatable.",
)
@click.option(
    "--remove",
    "removals",
    multiple=True,
    metavar="PATH",
    help="Remove this from the body. Repeatable.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="Send N different bodies, or tell N stories.",
)
@click.option("--duplicate", is_flag=True, help="Send each body twice, byte for byte.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Send N a second; without it, each waits for the answer to the one before.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, _MOST_CONNECTIONS),
    metavar="N",
    help=(
        "Send over N connections, without --rate as fast as they go. What is in a story stays in"
        " order."
    ),
)
@click.option(
    "--to", "url", metavar="URL", help="Where to; by default to what `comethooks up` runs."
)
@click.option(
    "--user",
    metavar="USER[:PASSWORD]",
    help=(
        "Who to be; by default the first user of the settings, and without a password one of them."
    ),
)
@options.as_json
@click.option(
    "--print", "only_print", is_flag=True, help="Print what would be sent, and send nothing."
)
def send(
    arguments: tuple[str, ...],
    file: IO[bytes] | None,
    variant: str | None,
    legacy: bool,
    bot: bool,
    messages: int | None,
    assignments: tuple[str, ...],
    additions: tuple[str, ...],
    removals: tuple[str, ...],
    count: int | None,
    duplicate: bool,
    rate: float | None,
    concurrency: int | None,
    url: str | None,
    user: str | None,
    as_json: bool,
    only_print: bool,
    **said: Any,
) -> None:
    """Send made-up events, as CometChat would.

    Each has fresh ids and the current time. There is a sample of every trigger that CometChat has;
    `comethooks triggers` lists them. A story is several events that belong together, in order:
    conversation, group, call, moderation, form. What `comethooks events bookmark` has kept is sent
    by its name, as if it happened now.

    Prints the answer; of many, a line that counts them. Fails unless each is answered with a 2xx.
    The answer to before_message is {}, which tells CometChat to deliver the message as it is. A
    moderation_requested goes to /moderation, and its answer is the decision.
    """
    settings = load_settings()
    changes = Changes(removals, assignments, additions)
    to_send = sending(
        SendRequest(
            arguments=arguments,
            file=file,
            app_id=min(settings.app_ids, default=samples.APP_ID),
            changes=changes,
            bookmark_dir=bookmark_dir(settings.data_dir),
            legacy=legacy,
            bot=bot,
            variant=variant,
            messages=messages,
            count=count,
            concurrency=concurrency,
            fields=fields_of(said),
        )
    )
    to_send = to_send.doubled() if duplicate else to_send
    if only_print:
        if rate or concurrency:
            raise click.UsageError("--print sends nothing: leave --rate and --concurrency out")
        _print_bodies(to_send, pretty=not as_json and sys.stdout.isatty())
        _fail_if_unchanged(changes)
        return
    target = target_of(settings.public_url if url is None else url)
    credentials = credentials_of(user, target, settings)
    connections = concurrency or (IN_FLIGHT if rate and not to_send.in_order else 1)
    with client_for(
        target, credentials, timeout=TIMEOUT_SECONDS, connections=connections
    ) as client:
        poster = partial(_post, client, without_credentials(target))
        answers = post_all(poster, to_send.series, connections=connections, rate=rate)
        tally = SendTally(time.monotonic(), doubled=duplicate)
        with closing(answers):
            _report(answers, tally, total=to_send.total, as_json=as_json, target=target)
    _explain(tally, target, authenticated=credentials is not None)
    _fail_if_unchanged(changes)
    if tally.accepted < (tally.sent if to_send.total is None else to_send.total):
        raise click.exceptions.Exit(1)


def _post(client: httpx.Client, target: httpx.URL, body: bytes) -> Posted:
    return post(client, *addressed(target, body))


def _print_bodies(to_send: Sending, *, pretty: bool) -> None:
    for bodies in to_send.series:
        for body in bodies:
            if pretty:
                try:
                    print_pretty_json(json.loads(body))
                    continue
                except ValueError:
                    pass  # whatever it is, it is shown as it stands
            click.echo(body)


def _report(
    answers: Generator[Posted, None, None],
    tally: SendTally,
    *,
    total: int | None,
    as_json: bool,
    target: httpx.URL,
) -> None:
    """Print the answers as they come or, of many, what came of them."""
    quiet = as_json or total == 1
    try:
        with progress(total, "sent", quiet=quiet) as advance:
            for answer in answers:
                if answer.hopeless and not tally.accepted:
                    raise click.ClickException(_unreachable(answer, target))
                tally.count(answer)
                if as_json:
                    print_json(answer.document())
                advance()
    except KeyboardInterrupt:
        hint("Interrupted.")
    if tally.sent != 1:
        click.echo(tally.line(time.monotonic()), err=as_json)
    elif tally.first and not as_json:
        click.echo(tally.first.line())


def _explain(tally: SendTally, target: httpx.URL, *, authenticated: bool) -> None:
    """Say what to do about the first that was not accepted."""
    failure = tally.first_failure
    if failure is None:
        return
    if tally.sent > 1:
        hint(f"The first that was not accepted: {failure.line()}")
    if failure.status == httpx.codes.UNAUTHORIZED and authenticated:
        hint(
            "These credentials are not those of the server: see COMETHOOKS_BASIC_AUTH there, and"
            " --user here."
        )
    elif failure.status == httpx.codes.UNAUTHORIZED:
        hint(
            "There are no credentials: use the COMETHOOKS_DATA_DIR or COMETHOOKS_BASIC_AUTH of the"
            " server, or --user USER:PASSWORD."
        )
    elif failure.status == httpx.codes.NOT_FOUND:
        hint(
            f"{without_credentials(target)} is no endpoint for webhooks: see --to and"
            " COMETHOOKS_PUBLIC_URL."
        )


def _fail_if_unchanged(changes: Changes) -> None:
    """Say what was in no body of a file; nothing to remove is as good as removed, unlike to set."""
    for path in changes.unremoved():
        hint(f"There was nothing to remove at {path}.")
    for problem in changes.unset():
        raise click.ClickException(problem)


def _unreachable(answer: Posted, target: httpx.URL) -> str:
    where = without_credentials(target)
    if answer.nobody_listens:
        return (
            f"nobody listens at {where}. Is `comethooks up` running? Another address is given with"
            " PORT, COMETHOOKS_PUBLIC_URL or --to."
        )
    return f"{where} cannot be reached: {answer.error}."
