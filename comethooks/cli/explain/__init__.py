"""`comethooks explain`: everything that happened to one event or request, and why."""

from typing import Any

import click

from comethooks.cli.explain.judged import judged_goal
from comethooks.cli.explain.sections import SECTIONS, Explained
from comethooks.cli.plugins.listing import holding_document
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_errors, print_section, print_text, print_title
from comethooks.cli.terminal.documents import event_details, request_details
from comethooks.cli.terminal.found import event_facts, request_facts
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Outcome, StoredRequest
from comethooks.workers.plugins.looking import look_at_plugins

_NOT_OF_EXPLAIN = frozenset(("payload",))
"""What `show` prints, and an explanation has no use for."""


@click.command(epilog=options.examples("comethooks explain 0199f2a4-7c1e"))
@click.argument("identifier", metavar="ID", type=Identifier())
@options.as_json
def explain(identifier: str, as_json: bool) -> None:
    """Say what happened to one event or request, and why.

    It tells who called, why a request was refused or what it repeats, what is not as expected in a
    body, which handlers match and why the others do not, and every run. If no handler matches, it
    prints one that would. ID is the id of the event or of the request (X-Request-Id in the answer),
    or the beginning of it. The command loads the plugins, which runs their code.
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
        plugins = look_at_plugins(stores.settings)
        explained = Explained(
            event,
            plugins,
            tuple(stores.journal.once_of(event.id, now_ms())),
            tuple(stores.workers()),
            judged_goal(stores, event),
        )
    if as_json:
        print_json(_document(explained))
        return
    print_title("Event", event.id, event_facts(event))
    for section in SECTIONS:
        section(explained)


def _explain_request(request: StoredRequest, *, as_json: bool) -> None:
    if as_json:
        print_json({"kind": "request", **_without_payload(request_details(request))})
        return
    print_title("Request", request.id, request_facts(request))
    if request.errors:
        print_section("Why it was refused, by path in the body")
        print_errors(request.errors)
    if request.outcome is Outcome.DUPLICATE:
        print_text(
            f"\nIt repeats an event that was kept before: comethooks explain {request.event_id}"
        )
    elif request.body is not None:
        hint(f"The body: comethooks requests show {request.id}")


def _document(explained: Explained) -> dict[str, Any]:
    return {
        "kind": "event",
        **_without_payload(event_details(explained.event)),
        "problems": list(explained.problems),
        "goal": None if explained.judged is None else explained.judged.document(),
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
