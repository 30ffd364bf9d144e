"""`--refused` of `comethooks replay`: kept refusals through the schemas again; what fits now
becomes an event.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from comethooks.cli.terminal import filters
from comethooks.cli.terminal.asking import ask, require_answer
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.schemas import COMETCHAT
from comethooks.webhooks import receiving
from comethooks.webhooks.cometchat import CometChat
from comethooks.workers.ids import derived_id
from comethooks.workers.journal import Filter, Outcome, StoredRequest
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.texts import agreeing, number_of

_ABOUT = ("trigger", "app", "since", "until")
"""Options that say which requests are meant."""
_OTHERS = ("name", "refused", "dry_run", "yes", "as_json")


def again(*, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Put refused requests through the schemas again: what fits now becomes an event, unless it is
    a `dry_run`.

    It goes the way of all events, with the time at which it was received: handlers get it as a late
    event and not as a replayed one. A request becomes an event once. Those by unknown senders were
    kept without their bodies. Which are meant is said by options of the command that runs.
    """
    about = _chosen(click.get_current_context())
    asked = filters.asked(**about, conversation=None, user=None)
    if not dry_run:
        require_answer("do it without being asked, or --dry-run to change nothing", yes=yes)
        ask("Make events of what fits now?", yes=yes)
    counts: Counter[str] = Counter()
    with open_stores() as stores:
        streams = None if dry_run else Streams.open(stores.settings)
        try:
            for request, verdict in _judged(stores, asked):
                counts[_again(stores, streams, request, verdict)] += 1
        except NotKeptError as error:
            raise click.ClickException(
                f"an event could not be kept ({error.reason}); {counts['accepted']} were; repeat"
                " the command later"
            ) from None
        finally:
            if streams is not None:
                streams.close()
    found = {
        "accepted": counts["accepted"],
        "duplicates": counts["duplicate"],
        "refused": counts["refused"],
    }
    if as_json:
        print_json({**found, "dry_run": dry_run})
        return
    verb = "would become" if dry_run else "became"
    accepted, duplicates, refused = found.values()
    click.echo(
        f"{accepted} {verb} {agreeing(accepted, 'an event', 'events')},"
        f" {number_of(duplicates, 'repeats', 'repeat')} one,"
        f" {number_of(refused, 'is', 'are')} still refused."
    )
    if not sum(found.values()):
        hint("No refused requests found that have a body and became no event.")


def _chosen(context: click.Context) -> dict[str, Any]:
    """What was given of the options about requests. One that is about something else is wrong
    use.
    """
    for param in context.command.params:
        if context.params.get(param.name or "") and param.name not in (*_ABOUT, *_OTHERS):
            raise click.UsageError(
                "--refused is about requests, which --trigger, --app, --since and --until choose;"
                f" leave out {param.opts[0]}"
            )
    return {name: context.params[name] for name in _ABOUT}


def _judged(stores: Stores, asked: Filter) -> Iterator[tuple[StoredRequest, receiving.Verdict]]:
    """Every refusal that may become an event, and what is thought of it now; one body at a time."""
    source = CometChat(stores.settings)
    for listed in stores.journal.requests(replace(asked, outcome=Outcome.REFUSED)):
        if listed.event_id is not None or listed.source != COMETCHAT:
            continue
        request = stores.journal.request(listed.id)
        if request is not None and request.body:
            headers = {name: str(value) for name, value in request.headers.items()}
            incoming = receiving.Incoming(
                id=event_id_of(request.id),
                received_at=request.received_at,
                content_type=headers.get("content_type", ""),
                headers=headers,
            )
            yield request, receiving.judge(source, incoming, request.body)


def _again(
    stores: Stores, streams: Streams | None, request: StoredRequest, verdict: receiving.Verdict
) -> str:
    """What a refusal is now. With `streams`, one that fits becomes an event; raises
    `NotKeptError`.
    """
    if verdict.refusal or not verdict.kept:
        return "refused"
    event_id, outcome = verdict.record.id, "accepted"
    if streams is not None and not stores.journal.known_ids([event_id]):
        kept = streams.accept(
            verdict.record, duplicate_key=verdict.duplicate_key, has_time=verdict.has_time
        )
        event_id, outcome = kept.id, "duplicate" if kept.duplicate else "accepted"
    if streams is not None:
        stores.journal.became(request.id, event_id)
    return outcome


def event_id_of(request_id: str) -> str:
    """The id of the event that a refused request becomes: always the same, so that it becomes one
    only once.
    """
    return derived_id(hashlib.sha256(f"refused:{request_id}".encode()).digest())
