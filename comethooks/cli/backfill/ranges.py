"""From when till when a backfill may go."""

import click

from comethooks.cli.terminal.filters import check_times
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import hint
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.texts import number_of

YOUNG_MS = 60_000
"""What is younger may still come by its webhook, which is repeated for 40 seconds."""


def range_of(since: int, until: int | None, *, now: int, days: int, yes: bool) -> tuple[int, int]:
    """The times (ms) that are meant at `now`, where events are kept for so many `days`. What cannot
    be meant is wrong use.
    """
    if since >= now:
        raise click.UsageError(
            f"--since {moment(since)} is in the future: nothing can have been sent since"
        )
    young = now - YOUNG_MS
    end = min(now, until) if until is not None else young if since < young else now
    check_times(since, end)
    if since < now - days * DAY_MS:
        warning = (
            f"--since {moment(since)} is more than {number_of(days, 'day')} ago"
            " (COMETHOOKS_RETENTION_DAYS), so the workers delete what comes of that time soon"
        )
        if not yes:
            raise click.UsageError(f"{warning}; to fetch it all the same, add --yes")
        hint(f"Warning: {warning}.")
    return since, end
