"""`comethooks webhook`: the webhooks of an app at CometChat, made, listed and removed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import click

from comethooks.cli import load_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.cli.webhook import dashboard, registering
from comethooks.cli.webhook.connecting import chosen_app, management_of
from comethooks.management import (
    ManagementError,
    Registration,
    Webhook,
    limits,
    overlapping,
    planned,
)
from comethooks.workers.settings.apps import MANAGEMENT_API, parse_api_url
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import plain

_COLUMNS = (
    Column("ID"),
    Column("NAME", spare=2, folds_at=16),
    Column("ENABLED"),
    Column("RETRY", spare=1),
    Column("TRIGGERS", folds_at=24),
    Column("URL", folds_at=24),
)
_FEW = 4
"""Triggers that a table names; of more it has the number."""

_app: Callable[[Any], Any] = click.option(
    "--app", metavar="ID", help="Of which app; needed when several are configured."
)
_legacy: Callable[[Any], Any] = click.option(
    "--legacy", is_flag=True, help="Legacy webhooks; an app has these or current ones, not both."
)


def _api_url(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A callback of the option for where the management API is: keys are sent there."""
    try:
        return parse_api_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_api: Callable[[Any], Any] = click.option(
    "--api", "base_url", metavar="URL", default=MANAGEMENT_API, callback=_api_url, hidden=True
)


def _within(check: Callable[[str], None]) -> Callable[..., str | None]:
    """A callback of an option whose value CometChat limits."""

    def checked(
        context: click.Context, parameter: click.Parameter, value: str | None
    ) -> str | None:
        try:
            if value is not None:
                check(value)
        except ManagementError as error:
            raise click.BadParameter(str(error)) from None
        return value

    return checked


@click.group()
def webhook() -> None:
    """Register with CometChat: make, list and remove webhooks.

    Needs COMETCHAT_MGMT_KEY and COMETCHAT_MGMT_SECRET, which CometChat's sales team issues. Without
    them, `register` prints what to do by hand in CometChat's Dashboard.
    """


@webhook.command(
    epilog=options.examples(
        "comethooks webhook register",
        "comethooks webhook register --for-handlers --dry-run",
        "comethooks webhook register --app 2345abc --trigger message_sent --trigger message_edited"
        " --exact",
    )
)
@_app
@click.option(
    "--url",
    metavar="URL",
    help="Where CometChat shall send; by default COMETHOOKS_PUBLIC_URL/webhooks.",
)
@click.option(
    "--id",
    "identifier",
    metavar="ID",
    callback=_within(limits.check_id),
    help="The webhook's id; by default that of the one with this URL, or comethooks.",
)
@click.option(
    "--name",
    metavar="NAME",
    callback=_within(limits.check_name),
    help="The webhook's name; by default the one that it has, or its id.",
)
@click.option(
    "--trigger",
    "triggers",
    metavar="NAME",
    multiple=True,
    help="Only these: triggers or canonical names, * stands for any text; repeatable. By default"
    " all.",
)
@click.option(
    "--for-handlers",
    is_flag=True,
    help="Only the triggers that a handler or a decider asks for, and those of --trigger.",
)
@click.option("--exact", is_flag=True, help="Remove the triggers that are not asked for.")
@click.option(
    "--retry/--no-retry",
    default=True,
    help="Whether CometChat repeats what was not accepted, which is lost otherwise. On by default.",
)
@_legacy
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@options.as_json
@_api
def register(
    app: str | None,
    url: str | None,
    identifier: str | None,
    name: str | None,
    triggers: tuple[str, ...],
    for_handlers: bool,
    exact: bool,
    retry: bool,
    legacy: bool,
    dry_run: bool,
    as_json: bool,
    base_url: str,
) -> None:
    """Make the webhook that sends here, or bring it up to date.

    Doing it again is harmless. The first credential of the settings becomes its Basic auth. Fails
    when a trigger could not be added or removed. Without management keys it prints what to do by
    hand, and fails too, since nothing is registered; with --dry-run it does not.
    """
    settings = load_settings()
    app_id = chosen_app(app, settings)
    wanted = registering.registration(
        settings, url=url, triggers=triggers, for_handlers=for_handlers, legacy=legacy
    )
    wanted = replace(wanted, id=identifier, name=name, retry=retry, exact=exact)
    if settings.management is None:
        _by_hand(wanted, app_id, settings, legacy=legacy, as_json=as_json)
        if not dry_run:
            hint("Nothing is registered yet.")
            raise click.exceptions.Exit(1)
        return
    with management_of(app_id, settings, legacy=legacy, base_url=base_url) as api:
        plan = planned(wanted, api)
        registering.warn(plan)
        report = registering.Report(plan, api.app_id, dry_run=dry_run, as_json=as_json)
        failed = report.foretell() if dry_run else report.carry_out(api)
    if failed:
        raise click.exceptions.Exit(1)


@webhook.command("list", epilog=options.examples("comethooks webhook list --json"))
@_app
@_legacy
@options.as_json
@_api
def list_(app: str | None, legacy: bool, as_json: bool, base_url: str) -> None:
    """List the webhooks of an app, with what CometChat tells of them."""
    settings = load_settings()
    found: list[tuple[Webhook, list[str]]] = []
    with management_of(
        chosen_app(app, settings), settings, legacy=legacy, base_url=base_url
    ) as api:
        for known, triggers in api.detailed():
            found.append((known, triggers))
            if as_json:
                print_json({"app_id": api.app_id, **asdict(known), "triggers": triggers})
    if found and not as_json:
        print_table(_COLUMNS, [_row(known, triggers) for known, triggers in found])
    for both in overlapping(found):
        hint(plain(f"Warning: {both.sentence}"))
    if not found:
        kind, other = (
            ("legacy", "without --legacy, current")
            if legacy
            else ("current", "with --legacy, legacy")
        )
        hint(f"No {kind} webhooks found; {other} ones are listed.")


@webhook.command(epilog=options.examples("comethooks webhook remove comethooks"))
@click.argument("identifier", metavar="ID")
@_app
@_legacy
@yes_option
@options.as_json
@_api
def remove(
    identifier: str, app: str | None, legacy: bool, yes: bool, as_json: bool, base_url: str
) -> None:
    """Remove the webhook ID. CometChat then sends nothing to its URL any more."""
    require_answer("remove it without being asked", yes=yes)
    settings = load_settings()
    with management_of(
        chosen_app(app, settings), settings, legacy=legacy, base_url=base_url
    ) as api:
        found = {each.id: each for each in api.webhooks()}
        if identifier not in found:
            others = f"there are: {', '.join(sorted(found))}" if found else "there is none"
            raise click.ClickException(
                plain(f"the app {api.app_id} has no webhook {identifier}; {others}")
            )
        hint(
            plain(
                f"The webhook {identifier} of the app {api.app_id} sends to"
                f" {found[identifier].url}."
            )
        )
        ask("Remove it?", yes=yes)
        api.delete(identifier)
        if as_json:
            print_json({"app_id": api.app_id, "webhook": identifier, "removed": True})
        else:
            click.echo(f"{identifier} removed.")


def _by_hand(
    wanted: Registration, app_id: str | None, settings: Settings, *, legacy: bool, as_json: bool
) -> None:
    try:
        wanted.check()
    except ManagementError as error:
        raise click.ClickException(plain(str(error))) from None
    if as_json:
        hint(dashboard.WHY)
        print_json(dashboard.document(wanted, app_id))
    else:
        dashboard.print_steps(wanted, app_id, settings, legacy=legacy)


def _row(known: Webhook, triggers: Sequence[str]) -> tuple[Cell, ...]:
    named = ", ".join(triggers) if len(triggers) <= _FEW else str(len(triggers))
    return (
        known.id,
        known.name or "",
        _ANSWERS[known.enabled],
        _ANSWERS[known.retry],
        named,
        known.url or "",
    )


_ANSWERS: Mapping[bool | None, str] = {True: "yes", False: "no", None: "?"}
