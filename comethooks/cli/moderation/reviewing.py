"""`comethooks moderation approve` and `reject`: closes a case, here and at CometChat."""

import getpass
from http import HTTPStatus
from typing import Any

import click

from comethooks.cli.moderation.calling import chat_api
from comethooks.cli.moderation.found_cases import case_document, find_case, how_closed
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.cometchat.api_errors import (
    ApiRefusedError,
    CometChatError,
    NoRestKeyError,
)
from comethooks.workers.journal import AtCometChat, CaseState, StoredCase

_closing = options.together(
    click.argument("identifier", metavar="ID", type=Identifier()),
    click.option("--note", metavar="TEXT", help="Why, to be kept with the case."),
    click.option("--by", metavar="NAME", help="Who decides; without it, who is logged in."),
    click.option(
        "--only-here",
        is_flag=True,
        help="Close the case without asking CometChat, where it is to be closed there, too.",
    ),
    options.as_json,
)
"""What both commands are asked."""


@click.command(
    epilog=options.examples(
        'comethooks moderation approve 61ef5eec --note "a quotation"',
        "comethooks moderation approve 61ef5eec --by ada --json",
    )
)
@_closing
def approve(**asked: Any) -> None:
    """Close a case: there is nothing against the message.

    What CometChat blocked is approved there, which sends it. What we dropped in flight is gone: its
    sender has to write it again.
    """
    _close(CaseState.APPROVED, **asked)


@click.command(
    epilog=options.examples(
        "comethooks moderation reject 61ef5eec",
        "comethooks moderation reject 61ef5eec --only-here",
    )
)
@_closing
def reject(**asked: Any) -> None:
    """Close a case: the rule was right.

    What CometChat blocked is rejected there. What was sent and flagged stays where it is; a rule
    with `delete` in `after` takes it away.
    """
    _close(CaseState.REJECTED, **asked)


def _close(
    state: CaseState,
    *,
    identifier: str,
    note: str | None,
    by: str | None,
    only_here: bool,
    as_json: bool,
) -> None:
    with open_stores() as stores:
        case = find_case(stores, identifier)
        if case.state is CaseState.OPEN:
            told = not only_here and _tell(stores, case, state)
            stores.journal.cases.close(case.id, state, by=by or _login(), note=note, now=now_ms())
            closed = find_case(stores, case.id)
        else:
            told, closed = False, case
    if closed.state is not state:
        raise click.ClickException(f"the case {case.id} is closed already: {how_closed(closed)}")
    if as_json:
        print_json({**case_document(closed), "told_cometchat": told})
        return
    if case.state is not CaseState.OPEN:
        hint("It was closed already, and nothing is changed.")
    click.echo(f"{closed.id} is {how_closed(closed)}{'; CometChat is told' if told else ''}")


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container need not know its user
        return "somebody"


def _tell(stores: Stores, case: StoredCase, state: CaseState) -> bool:
    """Have CometChat do what was decided, where it keeps the message; whether it did."""
    if case.message_id is None or not (case.origin.is_cometchats or _is_blocked(case)):
        return False
    command = f"moderation.{'approve' if state is CaseState.APPROVED else 'reject'}"
    try:
        with chat_api(stores.settings, case.app_id, event_id=case.event_id, by=command) as api:
            if _is_blocked(case):
                api.review_blocked(case.message_id, state.value)
                return True
            approved = state is CaseState.APPROVED
            api.review_flagged(case.message_id, "approved" if approved else "disapproved")
    except ApiRefusedError as error:
        if error.status == HTTPStatus.NOT_FOUND and not _is_blocked(case):
            # It could not judge it and let it through: whether that is under review there is a
            # matter of the app's settings.
            hint("CometChat has nothing of this message under review.")
            return False
        raise click.ClickException(f"{error}; {_only_here(case)}") from None
    except NoRestKeyError as error:
        raise click.ClickException(f"{error}; {_only_here(case)}") from None
    except CometChatError as error:
        raise click.ClickException(f"{error}; try again, or {_only_here(case)}") from None
    return True


def _is_blocked(case: StoredCase) -> bool:
    return case.at_cometchat is AtCometChat.BLOCKED


def _only_here(case: StoredCase) -> str:
    return (
        f"the case {case.id} stays open: decide in CometChat's Dashboard, which closes it here as"
        " well when it is approved, or close it with --only-here"
    )
