"""The options that say what is to be replayed, and the plan that they become."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from comethooks.cli.replay.staging import batches_in
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import Stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Choice, Filter
from comethooks.workers.plugins.comparing import differing
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.looking import look_at_plugins
from comethooks.workers.plugins.published import held
from comethooks.workers.replays.consent import (
    Consent,
    ConsentError,
    UnknownHandlerError,
    UnnamedHandlerError,
    consent_of,
)
from comethooks.workers.replays.plans import Plan
from comethooks.workers.replays.selection import Selection
from comethooks.workers.texts import without_secrets

what = options.together(
    filters.about,
    filters.backfilled,
    filters.status,
    filters.within,
    click.option(
        "--handler", "handlers", multiple=True, metavar="PLUGIN.FUNCTION",
        help="Only this handler, even if it may not be safe to repeat; repeatable. Without it, all"
        " that match.",
    ),
    click.option(
        "--include", "included", multiple=True, metavar="PLUGIN.FUNCTION",
        help="Run this one too, which may not be safe to repeat; repeatable.",
    ),
    click.option("--dead", is_flag=True, help="Only where the live run is dead."),
    click.option("--missing", is_flag=True, help="Only what the handler has never run on."),
    click.option(
        "--file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The events of this file, written by `events export`, and no others.",
    ),
    click.option(
        "--rate", type=click.FloatRange(min=0, min_open=True), metavar="N",
        help="At most N events a second.",
    ),
    click.option(
        "--refused", is_flag=True,
        help="Instead: refused requests through the schemas again; what fits now becomes an event.",
    ),
)  # fmt: skip
"""The options that say what is to be replayed."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan as somebody asked for it: of the journal or of a file, at `rate` events a second or as
    fast as it goes.
    """

    plan: Plan
    file: Path | None
    rate: float | None


def planned(
    stores: Stores,
    *,
    handlers: tuple[str, ...],
    included: tuple[str, ...],
    dead: bool,
    missing: bool,
    file: Path | None,
    rate: float | None,
    **about: Any,
) -> Planned:
    """What the options mean, and what that comes to. What cannot be meant is wrong use."""
    if dead and missing:
        raise click.UsageError("--dead and --missing exclude each other")
    asked = filters.asked(**about)
    if file is not None and asked != Filter():
        raise click.UsageError(
            "--file takes all events of the file; leave out the options that choose events"
        )
    plugins = look_at_plugins(stores.settings)
    selection = Selection.of(
        asked,
        plugins,
        _consent(stores, plugins, handlers, included),
        choice=Choice.DEAD if dead else Choice.MISSING if missing else Choice.ALL,
        from_file=file is not None,
        now=now_ms(),
    )
    replays = stores.journal.replays
    if file is None:
        found = selection.events(replays)
    else:
        found = (each for batch in batches_in(file) for each in replays.known(batch))
    plan = Plan.of(selection, found)
    _warn_of_workers(stores, plan)
    return Planned(plan, file, rate)


def _warn_of_workers(stores: Stores, plan: Plan) -> None:
    """Say of which of the plugins to be run the workers, who will run them, have something else."""
    consent = plan.selection.consent
    run = {each.partition(".")[0] for each in plan.by_handler if each in consent.granted}
    for each in differing(held(plan.selection.plugins), stores.workers()):
        if each.name in run:
            sentences = "; ".join(holding.sentence for holding in each.holdings)
            hint(
                f"Warning: not all workers have the plugin {each.name} as it is found here:"
                f" {without_secrets(sentences)}"
            )


def _consent(
    stores: Stores, plugins: Plugins, handlers: tuple[str, ...], included: tuple[str, ...]
) -> Consent:
    try:
        return consent_of(plugins.handlers, named=handlers, included=included)
    except UnknownHandlerError as error:
        if any(worker.has(error.handler) for worker in stores.workers()):
            raise click.UsageError(
                f"no handler that is found here is called {error.handler}; the workers have it, so"
                " give this command their plugin folder and settings"
            ) from None
        raise click.UsageError(f"{error}; see: comethooks plugins list") from None
    except UnnamedHandlerError as error:
        raise click.UsageError(
            f"--include {error.handler} is not among the handlers of --handler"
        ) from None
    except ConsentError as error:
        raise click.UsageError(str(error)) from None
