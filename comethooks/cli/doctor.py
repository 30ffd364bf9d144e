"""`comethooks doctor`: everything that an operator would have to look at."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import click
import httpx

from comethooks.cli import read_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table, styled
from comethooks.doctor import public
from comethooks.doctor.configured import unusable
from comethooks.doctor.everything import examine
from comethooks.doctor.finding import Finding, Level
from comethooks.workers.settings.addresses import parse_public_url
from comethooks.workers.settings.settings import Settings, SettingsError
from comethooks.workers.texts import number_of

_OF_THE_SETTINGS = ""
_PIPED = 120
"""What is found is prose: in a pipe, too, it is read by people, or else as JSON."""
_COLUMNS = (
    Column("CHECK", folds_at=20),
    Column("STATE"),
    Column("FOUND → WHAT TO DO", folds_at=40),
)


@click.command(
    epilog=options.examples(
        "comethooks doctor",
        "comethooks doctor --public-url https://chat.example.com",
        "comethooks doctor --strict --json",
    )
)
@click.option(
    "--public-url",
    is_flag=False,
    flag_value=_OF_THE_SETTINGS,
    metavar="[URL]",
    help="Try out this address as CometChat would; without a value, that of COMETHOOKS_PUBLIC_URL.",
)
@click.option("--strict", is_flag=True, help="Fail when there are warnings, too.")
@options.as_json
def doctor(public_url: str | None, strict: bool, as_json: bool) -> None:
    """Look at everything that could be wrong, and say what to do.

    Settings, Redis, the database, clocks, plugins (loading them runs their code), workers, disks,
    the web process. Fails when something is wrong. With --public-url it posts there, without
    credentials and with them, and without to /moderation beside it. What has credentials is counted
    as an event with the trigger comethooks_doctor, and not kept.
    """
    findings = _shown(_findings(public_url), as_json=as_json)
    counts = Counter(finding.level for finding in findings)
    warnings = number_of(counts[Level.WARNING], "warning")
    hint(f"{counts[Level.OK]} ok, {warnings}, {counts[Level.WRONG]} wrong")
    if counts[Level.WRONG] or (strict and counts[Level.WARNING]):
        raise click.exceptions.Exit(1)


def _findings(public_url: str | None) -> Iterator[Finding]:
    try:
        settings = read_settings()
    except SettingsError as error:
        yield from unusable(error.problems)
        return
    yield from examine(settings, None if public_url is None else _endpoint(public_url, settings))


def _endpoint(given: str, settings: Settings) -> httpx.URL:
    try:
        return public.endpoint(parse_public_url(given) if given else settings.public_url)
    except (ValueError, httpx.InvalidURL) as error:
        raise click.BadParameter(str(error), param_hint="'--public-url'") from None


def _shown(findings: Iterable[Finding], *, as_json: bool) -> Sequence[Finding]:
    """Print them: as JSON each at once, as a table all together."""
    found = []
    for finding in findings:
        found.append(finding)
        if as_json:
            print_json(finding.document())
    if not as_json:
        print_table(_COLUMNS, [_row(finding) for finding in found], piped=_PIPED)
    return found


def _row(finding: Finding) -> tuple[Cell, ...]:
    advice = f" → {finding.advice}" if finding.advice else ""
    return finding.check, styled(finding.level.value), f"{finding.detail}{advice}"
