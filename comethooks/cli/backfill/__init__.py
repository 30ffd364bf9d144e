"""`comethooks backfill`: fetches what CometChat has of messages and the journal does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from comethooks.backfill.backfiller import Backfiller
from comethooks.backfill.known_events import KnownEvents
from comethooks.backfill.patient_pages import PageRequests, PatientPages
from comethooks.backfill.progress_file import MessageRange, ProgressFile
from comethooks.browse.listing import Kept
from comethooks.browse.spool_view import SpoolView
from comethooks.cli.backfill.outcomes import (
    CANNOT_BE_FETCHED,
    refused,
    replay_command,
    report,
    run_replay,
)
from comethooks.cli.backfill.ranges import range_of
from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import yes_option
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.parameters import Moment, ReplayName
from comethooks.cli.terminal.stores import Stores, of_redis, open_stores, warn_of_spool
from comethooks.files.importer import Importer
from comethooks.workers.clock import now_ms
from comethooks.workers.cometchat.api_errors import CometChatError, NoRestKeyError
from comethooks.workers.cometchat.calls import ApiCalls
from comethooks.workers.cometchat.message_calls import MOST_MESSAGES, listing
from comethooks.workers.cometchat.message_pages import TO, MessagePages
from comethooks.workers.cometchat.shared_limiter import shared_pacing
from comethooks.workers.settings.paths import backfill_dir

_FILLED = 1000
_MOST_SHOWN = 10
"""Rows that are named which cannot be used."""


@click.command(
    epilog=options.examples(
        "comethooks backfill --app 2611fa0c --since 2026-10-03T09:00Z --until 2026-10-03T11:30Z",
        "comethooks backfill --app 2611fa0c --since 2d --dry-run",
        "comethooks backfill --app 2611fa0c --since 6h --replay outage",
    )
)
@click.option("--app", "app_id", required=True, metavar="ID", help="The app.")
@click.option(
    "--since",
    required=True,
    type=Moment(),
    metavar="TIME",
    help="Sent at or after: an ISO date or time (UTC unless it says otherwise), or how long ago:"
    " 2h, 7d.",
)
@click.option(
    "--until",
    type=Moment(),
    metavar="TIME",
    help="Sent before; without it a minute ago: what is younger may still come by its webhook.",
)
@click.option("--conversation", metavar="ID", help="Only this conversation.")
@click.option("--user", metavar="UID", help="Only what this user sent.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="N",
    help="At most N pages a second, of 1,000 messages each.",
)
@click.option("--dry-run", is_flag=True, help="Only count what is missing.")
@click.option(
    "--replay",
    "replay_name",
    type=ReplayName(),
    metavar="NAME",
    help="Then run handlers on what came, as a replay of that name.",
)
@yes_option
@options.as_json
def backfill(
    *,
    app_id: str,
    since: int,
    until: int | None,
    conversation: str | None,
    user: str | None,
    rate: float,
    dry_run: bool,
    replay_name: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Fetch from CometChat messages whose webhooks never came.

    CometChat has a list of all messages. What of it is in the journal is recognised. What is
    missing becomes events as its webhooks would have told them, with event.backfilled, and no
    handler runs on them, unless --replay is given. When it is ended before it is done, the same
    command goes on where it was, for a day.
    """
    if dry_run and replay_name:
        raise click.UsageError("--dry-run brings nothing, so --replay has nothing to run on")
    with open_stores() as stores:
        since, until = range_of(
            since, until, now=now_ms(), days=stores.settings.retention_days, yes=yes
        )
        wanted = MessageRange(app_id, since, until, conversation, user)
        if replay_name and stores.journal.replays.get(replay_name):
            raise click.UsageError(f"there is a replay {replay_name!r} already; choose another")
        hint(CANNOT_BE_FETCHED)
        with _backfiller(stores, wanted, rate, dry_run=dry_run) as work:
            _work(work)
        command = replay_command(work.progress) if as_json or not replay_name else None
        report(work.progress, command, dry_run=dry_run, as_json=as_json)
        came = work.tally.came
    if replay_name and came:
        run_replay(work.progress, replay_name, yes=yes, as_json=as_json)
    elif replay_name:
        hint(f"Nothing came, so there is nothing to run handlers on, and no replay {replay_name}.")


@contextmanager
def _backfiller(
    stores: Stores, wanted: MessageRange, rate: float, *, dry_run: bool
) -> Iterator[Backfiller]:
    """What does the work, from where an earlier one was ended. Wrong use for an app whose key is
    not known.
    """
    import httpx  # only this command asks CometChat for lists

    settings = stores.settings
    app = next((each for each in settings.apps if each.id == wanted.app_id), None)
    with httpx.Client(follow_redirects=False) as client:
        # Repeating is `PatientPages`' part: it is more patient than a run can be.
        calls = ApiCalls(
            app, wanted.app_id, PageRequests(client), shared_pacing(settings), lambda: 0.0
        )
        try:
            known_app = calls.known_app()
        except NoRestKeyError as error:
            raise click.UsageError(str(error)) from None
        file = ProgressFile(backfill_dir(settings.data_dir), wanted)
        start = file.read(now_ms())
        if dry_run:
            start = replace(start, border=None, tally=type(start.tally)(), wanted=wanted)
        elif start.border is not None:
            hint(f"Goes on where it was ended at {moment(start.at)}.")
        seconds = -(-start.wanted.since // 1000), (wanted.until - 1) // 1000
        border = start.border and replace(
            start.border, asked={**start.border.asked, TO: str(seconds[1])}
        )
        pages = MessagePages(calls, listing(*seconds, limit=MOST_MESSAGES), border)
        pages.overfull = start.overfull
        known = KnownEvents(stores.journal, wanted.app_id)
        waiting = _waiting(stores, known)  # first the streams: see `browse.listing`
        _fill(stores)
        yield Backfiller(
            app=known_app,
            settings=settings,
            pages=PatientPages(pages, rate, hint),
            known=known,
            importer=Importer(stores.journal, waiting),
            progress=start,
            file=None if dry_run else file,
            clock=now_ms,
            show=_UnusableRows(),
        )


class _UnusableRows:
    """Says which rows cannot be used, the first of them."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, what: str) -> None:
        self._count += 1
        if self._count <= _MOST_SHOWN:
            hint(f"Left out: {what}.")


def _waiting(stores: Stores, known: KnownEvents) -> set[str]:
    """The ids of what waits in the streams, of which `known` is told. Ends the command when they
    cannot be read: what waits there would be fetched once more.
    """

    def refuse(reason: str) -> None:
        raise click.ClickException(
            f"{of_redis(stores.settings, reason)} What waits there cannot be recognised without it."
        )

    kept = Kept(
        stores.client,
        stores.journal,
        partitions=stores.settings.partitions,
        warn=refuse,
        spooled=SpoolView(stores.settings, warn_of_spool).records,
    )
    ids: set[str] = set()
    for record in kept.waiting():
        known.wait(record)
        ids.add(record.id)
    return ids


def _fill(stores: Stores) -> None:
    """Have the journal know of all its events which message they are about."""
    total = 0
    while count := stores.journal.fill_messages(now=now_ms(), limit=_FILLED):
        if not total:
            hint("The journal does not know yet which messages older events are about; looking.")
        total += count


def _work(work: Backfiller) -> None:
    try:
        with progress(None, "fetched") as advance:
            while (count := work.go_on()) is not None:
                advance(count)
    except CometChatError as error:
        raise refused(error, work.progress, kept=work.file is not None) from None
    except KeyboardInterrupt:
        if work.file is not None:
            hint("Ended. To go on, give the same command again.")
        raise
