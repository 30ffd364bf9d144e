"""`comethooks explain`: everything that happened to one event or request, and why."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import click
from redis import Redis
from redis.exceptions import RedisError

from comethooks.cli.explain.interests import Interest, LeftOut, interests_in, left_out
from comethooks.cli.explain.snippets import snippet
from comethooks.cli.plugins.listing import holding_document
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import (
    precise,
    print_drift,
    print_errors,
    print_once,
    print_runs,
    print_section,
    print_text,
    print_title,
)
from comethooks.cli.terminal.documents import drift_of, event_details, request_details
from comethooks.cli.terminal.found import event_facts
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table, styled
from comethooks.cli.terminal.stores import open_stores
from comethooks.cli.terminal.texts import without_secrets
from comethooks.workers import logs
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Outcome, StoredEvent, StoredOnce, StoredRequest, StoredRun
from comethooks.workers.plugins.comparing import Compared, compare
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.loading import look_at_plugins
from comethooks.workers.plugins.published import at_work, held
from comethooks.workers.states import EventStatus

_NOT_OF_EXPLAIN = frozenset(("payload",))
"""What `show` prints, and an explanation has no use for."""


@dataclass(frozen=True)
class Explained:
    """An event, and the plugins as they are found here and now: what every section is a function
    of.
    """

    event: StoredEvent
    plugins: Plugins
    once: tuple[StoredOnce, ...] = ()
    """The side effects of its runs that are to happen at most once."""
    otherwise: tuple[Compared, ...] = ()
    """The plugins of which the workers do not have what is found here."""

    @cached_property
    def interests(self) -> tuple[Interest, ...]:
        """What each handler has to do with it."""
        return interests_in(self.event, self.plugins)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The plugins that are not loaded."""
        return tuple(left_out(self.plugins))

    @property
    def snippet(self) -> str | None:
        """The handler that is missing; None if one matches, or did."""
        if any(interest.matches or interest.runs for interest in self.interests):
            return None
        return snippet(self.event.trigger or "", self.event.name, self.event.source)

    def runs(self, *, live: bool) -> tuple[StoredRun, ...]:
        """Its live runs, or those of replays."""
        return tuple(run for run in self.event.runs if (run.replay is None) is live)


@click.command(epilog=options.examples("comethooks explain 0199f2a4-7c1e"))
@click.argument("identifier", metavar="ID", type=filters.Identifier())
@options.as_json
def explain(identifier: str, as_json: bool) -> None:
    """Say what happened to one event or request, and why.

    Who called, why it was refused or what it repeats, what is not as expected in it, which handlers
    match and why the others do not, every run, and the handler to write where none matches. ID is
    the id of the event or of the request (X-Request-Id in the answer), or the beginning of it.
    Loads the plugins, which runs their code.
    """
    with open_stores() as stores:
        event = stores.kept.event(identifier)
        if event is None:
            request = stores.kept.request(identifier)
            if request is None:
                raise click.ClickException(
                    f"neither an event nor a request has an id that begins with {identifier}; "
                    f"{stores.looked_at()}"
                )
            _explain_request(request, as_json=as_json)
            return
        logs.configure(stores.settings.log_format)
        plugins = look_at_plugins(stores.settings)
        explained = Explained(
            event,
            plugins,
            tuple(stores.journal.once_of(event.id, now_ms())),
            tuple(_otherwise(plugins, stores.client)),
        )
    if as_json:
        print_json(_document(explained))
        return
    print_title("Event", event.id, event_facts(event))
    for section in _SECTIONS:
        section(explained)


def _otherwise(plugins: Plugins, client: Redis) -> Iterator[Compared]:
    """None when Redis does not answer: that is told already."""
    with suppress(RedisError, OSError):
        workers = at_work(client)
        yield from (each for each in compare(held(plugins), workers) if not each.agree)


def _explain_request(request: StoredRequest, *, as_json: bool) -> None:
    if as_json:
        print_json({"kind": "request", **_without_payload(request_details(request))})
        return
    print_title("Request", request.id, _request_facts(request))
    if request.errors:
        print_section("Why it was refused, by path in the body")
        print_errors(request.errors)
    if request.outcome is Outcome.DUPLICATE:
        print_text(
            f"\nIt repeats an event that was kept before: comethooks explain {request.event_id}"
        )
    elif request.body is not None:
        hint(f"The body: comethooks requests show {request.id}")


def _request_facts(request: StoredRequest) -> Iterator[tuple[str, Cell | None]]:
    yield "outcome", styled(request.outcome.value)
    yield "answered", None if request.status is None else str(request.status)
    yield "reason", request.reason
    yield "repeats", request.event_id
    yield "trigger", request.trigger
    yield "app", request.app_id
    yield "received", precise(request.received_at)
    for name, value in request.headers.items():
        yield name.replace("_", " "), str(value)


def _document(explained: Explained) -> dict[str, Any]:
    return {
        "kind": "event",
        **_without_payload(event_details(explained.event)),
        "handlers": [interest.document() for interest in explained.interests],
        "once": [key.as_json() for key in explained.once],
        "plugins_left_out": [plugin.document() for plugin in explained.left_out],
        "plugins_of_workers": [
            {"name": each.name, "workers": [holding_document(holding) for holding in each.holdings]}
            for each in explained.otherwise
        ],
        "snippet": explained.snippet,
    }


def _without_payload(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _NOT_OF_EXPLAIN}


def _print_drift(explained: Explained) -> None:
    if drift := drift_of(explained.event):
        print_section("Not as expected")
        print_drift(drift)


def _print_once(explained: Explained) -> None:
    print_once(explained.once)


def _print_handlers(explained: Explained) -> None:
    """Which match and which do not; matching ones first."""
    if not explained.interests:
        return
    print_section("Handlers, as they are loaded here and now")
    ordered = sorted(
        explained.interests, key=lambda interest: (not interest.matches, interest.matches is False)
    )
    print_table(
        (
            Column("HANDLER", folds_at=16),
            Column("MATCHES"),
            Column("RUN"),
            Column("WHY", folds_at=24),
        ),
        [
            (
                interest.handler,
                _MATCHES[interest.matches],
                styled(interest.runs[0].state.value) if interest.runs else "",
                interest.reason or "",
            )
            for interest in ordered
        ],
    )
    missing = [interest.handler for interest in ordered if interest.matches and not interest.runs]
    if missing and explained.event.status is not EventStatus.QUEUED:
        hint(
            "To have it run what it has not: comethooks replay plan --missing --handler"
            f" {missing[0]}"
        )


_MATCHES = {True: "yes", False: "no", None: "not loaded"}


def _print_left_out(explained: Explained) -> None:
    if explained.left_out:
        print_section("Plugins whose handlers get nothing")
        print_table(
            (
                Column("NAME", folds_at=16),
                Column("STATE"),
                Column("WHERE", spare=1),
                Column("WHY", folds_at=24),
            ),
            [
                (plugin.name, styled(plugin.state), plugin.where, plugin.reason)
                for plugin in explained.left_out
            ],
        )


def _print_otherwise(explained: Explained) -> None:
    if explained.otherwise:
        print_section("Plugins that the workers have otherwise than found here")
        for each in explained.otherwise:
            for holding in each.holdings:
                print_text(f"{each.name}: {without_secrets(holding.sentence)}")


def _print_runs(explained: Explained) -> None:
    if live := explained.runs(live=True):
        print_section("Runs")
        print_runs(live)


def _print_replays(explained: Explained) -> None:
    if replayed := explained.runs(live=False):
        print_section("Replays")
        print_runs(replayed)


def _print_snippet(explained: Explained) -> None:
    if code := explained.snippet:
        print_section(
            "No handler matches. This one would; as a file in the plugin folder it is a plugin:"
        )
        print_text(f"\n{code}")


_SECTIONS: tuple[Callable[[Explained], None], ...] = (
    _print_drift,
    _print_handlers,
    _print_left_out,
    _print_otherwise,
    _print_runs,
    _print_replays,
    _print_once,
    _print_snippet,
)
"""What is told below the facts, in this order. A section that has nothing to tell prints
nothing.
"""
