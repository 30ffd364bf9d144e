"""How a webhook is registered by hand in CometChat's Dashboard: what to paste, what to tick."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from comethooks.cli.terminal.output import hint
from comethooks.doctor.configured import given
from comethooks.management import DEFAULT_ID, Registration
from comethooks.workers.settings.addresses import moderation_url
from comethooks.workers.settings.paths import credentials_path
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.texts import plain

WHY = (
    "Without COMETCHAT_MGMT_KEY and COMETCHAT_MGMT_SECRET, a webhook is registered by hand. Those"
    " keys are issued by CometChat's sales team; the REST key of an app is not one."
)


def print_steps(
    wanted: Registration, app_id: str | None, settings: Settings, *, legacy: bool
) -> None:
    """The steps. The password is among them only for a person to see."""
    hint(WHY)
    for line in _steps(wanted, app_id, _password(wanted, settings), legacy=legacy):
        click.echo(plain(line))


def document(wanted: Registration, app_id: str | None) -> dict[str, Any]:
    """The same values as JSON, without the password."""
    return {
        "app_id": app_id,
        "webhook": wanted.id or DEFAULT_ID,
        "name": wanted.name or wanted.id or DEFAULT_ID,
        "url": wanted.url,
        "user": wanted.user,
        "retry": wanted.retry,
        "triggers": list(wanted.triggers),
        "by_hand": True,
        "done": False,
    }


def _steps(
    wanted: Registration, app_id: str | None, password: str, *, legacy: bool
) -> Iterator[str]:
    app = "your app" if app_id is None else f"the app {app_id}"
    identifier = wanted.id or DEFAULT_ID
    yield f"1. In CometChat's Dashboard, open {app}, and there Settings → Webhooks → Add."
    if legacy:
        yield (
            "   It has to be a legacy webhook; an app has legacy webhooks or current ones, not"
            " both."
        )
    yield "2. Enter:"
    yield f"     ID                 {identifier}"
    yield f"     name               {wanted.name or identifier}"
    yield f"     URL                {wanted.url}"
    yield "     Basic auth         on"
    yield f"     user               {wanted.user}"
    yield f"     password           {password}"
    yield (
        "     retry on failure  "
        f" {'on: what is refused once is lost otherwise' if wanted.retry else 'off'}"
    )
    yield "3. Tick the checkbox of each trigger; without its own tick, a trigger is not sent:"
    for trigger in wanted.triggers:
        yield f"     [ ] {trigger}"
    yield "4. Enable the webhook, and save."
    yield "5. Try out the address: comethooks doctor --public-url"
    yield ""
    yield "A list of moderation that uses a Custom API gets the same user and password, and:"
    yield f"     URL                {moderation_url(wanted.url)}?app={app_id or 'ID'}&rule=NAME"


def _password(wanted: Registration, settings: Settings) -> str:
    if sys.stdout.isatty():
        return wanted.password
    if NAMES["basic_auth"] in given(settings):
        return f"that of this user in {NAMES['basic_auth']}"
    return f"in {credentials_path(settings.data_dir)}"
