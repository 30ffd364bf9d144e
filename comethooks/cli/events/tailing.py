"""`comethooks events tail`: events as they come and change."""

import signal
from collections.abc import Iterator
from typing import Any

import click
from rich.text import Text

from comethooks.browse.tail import Tail
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.documents import event_document
from comethooks.cli.terminal.fitting import shortened
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import hint, print_json, styled
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import StoredEvent
from comethooks.workers.processes import StopFlag
from comethooks.workers.states import RunState
from comethooks.workers.texts import plain, without_secrets

POLL_SECONDS = 0.5

_UNHAPPY = frozenset((RunState.DEAD, RunState.RETRYING))


@click.command(
    epilog=options.examples(
        "comethooks events tail --trigger message_sent",
        "comethooks events tail --since 10m --status dead",
    )
)
@filters.about
@filters.status
@filters.decision
@filters.within
@options.as_json
def tail(as_json: bool, **about: Any) -> None:
    """Print events as they come and change, until Ctrl-C.

    Every new event is printed as it is accepted, and again when its status changes; with --since
    first those that have come since then. With --until it ends by itself. What waits in the spool
    while Redis is away is printed when Redis has it; until then `comethooks events list` shows it.
    """
    asked = filters.asked(**about)
    stop = StopFlag.on_signals(signal.SIGINT, signal.SIGTERM)
    with open_stores() as stores:
        watched = Tail(
            stores.client,
            stores.journal,
            asked,
            partitions=stores.settings.partitions,
            clock=now_ms,
            warn=hint,
        )
        hint("Waiting for events; Ctrl-C ends.")
        for event in _changes(watched, stop, asked.until):
            if as_json:
                print_json(event_document(event))
            else:
                print_text(_line(event))


def _changes(watched: Tail, stop: StopFlag, until: int | None) -> Iterator[StoredEvent]:
    over = False
    while not over and not stop.wait(POLL_SECONDS):
        over = until is not None and now_ms() >= until
        yield from watched.poll()


def _line(event: StoredEvent) -> Text:
    """An event on one line."""
    trigger, rest = plain(event.trigger or ""), [event.conversation_id or "-", event.sender or "-"]
    line = Text(f"{moment(event.received_at)}  {shortened(event.id)}  ")
    line.append(f"{event.status.value:<9}", style=styled(event.status.value).style)
    line.append(f"  {trigger:<28}  {plain('  '.join(rest))}")
    for run in event.runs:
        if run.state in _UNHAPPY:
            line.append(
                f"  {plain(run.handler)}: {plain(without_secrets(run.error or run.state.value))}"
            )
    return line
