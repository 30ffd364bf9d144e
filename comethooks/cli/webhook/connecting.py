"""Which app a command of `comethooks webhook` means, and its management API."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

from comethooks.cli.webhook import dashboard
from comethooks.management import Management, ManagementError
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import plain


def chosen_app(chosen: str | None, settings: Settings) -> str | None:
    """The app that is meant; None when none is configured and none was named."""
    known = sorted(settings.app_ids)
    if chosen is None:
        if len(known) > 1:
            raise click.UsageError(
                f"several apps are configured: say with --app which one, {' or '.join(known)}"
            )
        return next(iter(known), None)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", chosen):
        raise click.BadParameter("an app id has letters and digits only", param_hint="'--app'")
    if known and chosen not in known:
        raise click.UsageError(
            f"the app {chosen} is not among those that may send here ({', '.join(known)}): add it"
            " to COMETHOOKS_APPS"
        )
    return chosen


@contextmanager
def management_of(
    app_id: str | None, settings: Settings, *, legacy: bool, base_url: str
) -> Iterator[Management]:
    """The management API of the app. Whatever it raises meanwhile ends the command."""
    if settings.management is None:
        raise click.ClickException(f"{dashboard.WHY} `comethooks webhook register` prints how.")
    if app_id is None:
        raise click.UsageError(
            "which app? Name it with --app ID, or set COMETHOOKS_APPS=appid:region"
        )
    try:
        with Management(app_id, settings.management, legacy=legacy, base_url=base_url) as api:
            yield api
    except ManagementError as error:
        raise click.ClickException(plain(str(error))) from None
