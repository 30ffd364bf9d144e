"""`comethooks send`: post bodies of our own making, as CometChat would."""

import difflib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from random import SystemRandom
from typing import Any

import click
import httpx

from webhooks import samples
from webhooks.cli import load_settings, options
from webhooks.cli.output import hint, print_json, print_pretty_json, progress
from webhooks.cli.posting import IN_FLIGHT, TIMEOUT_SECONDS, Answer, Tally, on_schedule, post
from webhooks.problems import dumps
from workers.clock import now_ms
from workers.settings import Settings

_ENDPOINT = "/webhooks"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command(
    epilog=options.examples(
        "comethooks send after_message",
        'comethooks send message_sent --set data.message.data.text="hello"',
        "comethooks send message_read_receipt --legacy --count 100 --rate 50",
    )
)
@click.argument("trigger")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="PATH=VALUE",
    help='Change the body: data.message.data.text="hello". A value that is JSON is taken as JSON. Repeatable.',
)
@click.option("--legacy", is_flag=True, help="Send the legacy form of a trigger that has two.")
@click.option("--count", type=click.IntRange(min=1), default=1, metavar="N", help="Send N different bodies.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Send N a second; without it, each waits for the answer to the one before.",
)
@click.option("--to", "url", metavar="URL", help="Where to; by default to what `comethooks up` runs.")
@click.option(
    "--user",
    metavar="USER[:PASSWORD]",
    help="Who to be; by default the first user of the settings, and without a password one of them.",
)
@options.as_json
@click.option("--print", "only_print", is_flag=True, help="Print what would be sent, and send nothing.")
def send(
    trigger: str,
    assignments: tuple[str, ...],
    legacy: bool,
    count: int,
    rate: float | None,
    url: str | None,
    user: str | None,
    as_json: bool,
    only_print: bool,
) -> None:
    """Send made-up events, as CometChat would.

    Each has fresh ids and the current time. Prints the answer; of many, what came of them. Fails unless each is
    answered with a 2xx.
    """
    settings = load_settings()
    make = _maker(trigger, legacy=legacy, assignments=_parsed(assignments), settings=settings)
    bodies = (make() for _ in range(count))
    if only_print:
        _print_bodies(bodies, pretty=not as_json and sys.stdout.isatty())
        return
    target = _target(settings.public_url if url is None else url)
    credentials = _credentials(user, target, settings)
    # Proxies of the environment are for the world outside.
    with httpx.Client(
        auth=credentials,
        timeout=TIMEOUT_SECONDS,
        limits=httpx.Limits(max_connections=IN_FLIGHT),
        trust_env=target.host not in _LOOPBACK,
    ) as client:
        poster = partial(post, client, _without_credentials(target))
        sent = map(dumps, bodies)
        answers = map(poster, sent) if rate is None else on_schedule(poster, sent, rate)
        tally = _report(answers, count=count, as_json=as_json, unreachable=_nobody_listens(target))
    _explain(tally, target, authenticated=credentials is not None)
    if tally.accepted < count:
        raise click.exceptions.Exit(1)


def _maker(
    trigger: str, *, legacy: bool, assignments: Sequence[tuple[str, Any]], settings: Settings
) -> Callable[[], dict[str, Any]]:
    """What makes one body after the other, each with a millisecond of its own."""
    _check(trigger, legacy=legacy)
    random, app_id = SystemRandom(), min(settings.app_ids, default=samples.APP_ID)
    last = 0

    def make() -> dict[str, Any]:
        nonlocal last
        last = max(now_ms(), last + 1)
        body = samples.sample(trigger, now_ms=last, random=random, app_id=app_id, legacy=legacy)
        for path, value in assignments:
            try:
                samples.put(body, path, value)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="'--set'") from None
        return body

    make()  # whatever is wrong with the assignments comes out before anything is sent
    return make


def _check(trigger: str, *, legacy: bool) -> None:
    known = samples.LEGACY if legacy else samples.CURRENT
    if trigger in known:
        return
    if trigger in samples.CURRENT:
        raise click.UsageError(f"{trigger} has no legacy form; leave --legacy out")
    near = difflib.get_close_matches(trigger, known, n=1)
    guess = f"; did you mean {near[0]}?" if near else "."
    raise click.BadParameter(
        f"there is no sample of {trigger!r}{guess} Samples: {', '.join(known)}", param_hint="'TRIGGER'"
    )


def _parsed(assignments: Iterable[str]) -> list[tuple[str, Any]]:
    parsed = []
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not equals:
            raise click.BadParameter(f"{assignment!r} has no =; write PATH=VALUE", param_hint="'--set'")
        parsed.append((path, samples.value_of(value)))
    return parsed


def _print_bodies(bodies: Iterable[dict[str, Any]], *, pretty: bool) -> None:
    for body in bodies:
        if pretty:
            print_pretty_json(body)
        else:
            print_json(body)


def _target(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise click.BadParameter("write a URL such as https://chat.example.com/webhooks", param_hint="'--to'")
    return url.copy_with(path=_ENDPOINT) if url.path in ("", "/") else url


def _credentials(user: str | None, target: httpx.URL, settings: Settings) -> tuple[str, str] | None:
    """Those of `--user`, of the URL, or the first of the settings."""
    if user is None:
        if target.username:
            return target.username, target.password
        return next(((known.user, known.password) for known in settings.basic_auth), None)
    name, colon, password = user.partition(":")
    if colon:
        return name, password
    for known in settings.basic_auth:
        if known.user == name:
            return known.user, known.password
    raise click.BadParameter(
        f"the settings have no user {name!r}; write --user USER:PASSWORD", param_hint="'--user'"
    )


def _report(answers: Iterator[Answer], *, count: int, as_json: bool, unreachable: str) -> Tally:
    """Print the answers as they come and, of many, what came of them."""
    tally = Tally(time.monotonic())
    shown = progress(count, "sent") if count > 1 and not as_json else nullcontext(lambda: None)
    try:
        with shown as advance:
            for answer in answers:
                if answer.nobody_listens and not tally.accepted:
                    raise click.ClickException(unreachable)
                tally.count(answer)
                if as_json:
                    print_json(answer.document())
                elif count == 1:
                    click.echo(answer.line())
                advance()
    except KeyboardInterrupt:
        hint("Interrupted.")
    if count > 1:
        click.echo(tally.line(time.monotonic()), err=as_json)
    return tally


def _explain(tally: Tally, target: httpx.URL, *, authenticated: bool) -> None:
    """Say what to do about the first that was not accepted."""
    failure = tally.first_failure
    if failure is None:
        return
    if tally.sent > 1:
        hint(f"The first that was not accepted: {failure.line()}")
    if failure.status == httpx.codes.UNAUTHORIZED and authenticated:
        hint(
            "These credentials are not those of the server: see COMETHOOKS_BASIC_AUTH there, and --user here."
        )
    elif failure.status == httpx.codes.UNAUTHORIZED:
        hint(
            "There are no credentials: use the COMETHOOKS_DATA_DIR or COMETHOOKS_BASIC_AUTH of the server, or "
            "--user USER:PASSWORD."
        )
    elif failure.status == httpx.codes.NOT_FOUND:
        hint(
            f"{_without_credentials(target)} is no endpoint for webhooks: see --to and COMETHOOKS_PUBLIC_URL."
        )


def _nobody_listens(target: httpx.URL) -> str:
    return (
        f"nobody listens at {_without_credentials(target)}. Is `comethooks up` running? Another address is given "
        "with PORT, COMETHOOKS_PUBLIC_URL or --to."
    )


def _without_credentials(url: httpx.URL) -> httpx.URL:
    return url.copy_with(userinfo=b"")
