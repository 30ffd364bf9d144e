"""`comethooks runs retry`, `runs dismiss` and `runs unblock`: what somebody does about runs that
failed.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.found import find_runs
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import DISMISSABLE, RETRYABLE, UNBLOCKABLE, Filter, Journal
from comethooks.workers.states import RunMode, RunState
from comethooks.workers.texts import number_of

MANY = 5000
"""Runs that take so long to change that it is worth a word."""


@dataclass(frozen=True, slots=True)
class _Action:
    """What is done to runs, and to which."""

    verb: str
    past: str
    states: tuple[RunState, ...]
    carry_out: Callable[[Journal, Filter, int], int]
    needs_body: bool = False
    holds_up: bool = False
    """Only to runs that others wait for."""

    @property
    def possible(self) -> str:
        """Which runs it can be done to."""
        *others, last = (state.value for state in self.states)
        listed = f"{', '.join(others)} or {last}"
        return f"{listed}, and of an ordered handler" if self.holds_up else listed


_RETRY = _Action("retry", "retried", RETRYABLE, Journal.retry_runs, needs_body=True)
_DISMISS = _Action("dismiss", "dismissed", DISMISSABLE, Journal.dismiss_runs)
_UNBLOCK = _Action("unblock", "unblocked", UNBLOCKABLE, Journal.unblock_runs, holds_up=True)


def _choosing(action: _Action) -> options.Decorator:
    """What says which runs are meant, and how sure somebody is."""
    return options.together(
        click.argument("identifier", metavar="[EVENT_ID]", type=Identifier(), required=False),
        click.argument("handler_on_it", metavar="[HANDLER]", required=False),
        filters.of_runs(action.states),
        click.option(
            "--all", "everything", is_flag=True, help=f"All runs that can be {action.past}."
        ),
        yes_option,
        options.as_json,
    )


@click.command(
    epilog=options.examples(
        "comethooks runs retry 0199f2a4-7c1e",
        "comethooks runs retry 0199f2a4-7c1e welcome.greet",
        "comethooks runs retry --state dead --handler welcome.greet --since 1d --yes",
    )
)
@_choosing(_RETRY)
def retry(**given: Any) -> None:
    """Have runs tried again, now.

    Those on one event, all or of one HANDLER, or those that the options choose: dead ones,
    dismissed ones, and those that wait for their next attempt. Each gets one attempt more; one that
    has used up those of its handler is dead again if that fails.
    """
    _act(_RETRY, **given)


@click.command(
    epilog=options.examples(
        "comethooks runs dismiss 0199f2a4-7c1e",
        "comethooks runs dismiss --state dead --until 7d --yes",
    )
)
@_choosing(_DISMISS)
def dismiss(**given: Any) -> None:
    """Be done with runs that failed: they are not tried again.

    Their events are not dead any more. Those on one event, all or of one HANDLER, or those that the
    options choose: dead ones, and those that wait. A run that was dismissed can still be retried.
    """
    _act(_DISMISS, **given)


@click.command(
    epilog=options.examples(
        "comethooks runs unblock 0199f2a4-7c1e",
        "comethooks runs unblock --handler ledger.book --conversation group_hikers --yes",
    )
)
@_choosing(_UNBLOCK)
def unblock(**given: Any) -> None:
    """Let events no longer wait for a run of an ordered handler.

    Where one fails, the later events of its conversation wait for it. Those on one event, all or of
    one HANDLER, or those that the options choose: dead ones, and those that are tried again. They
    stay that; if one is done later, it is out of order.
    """
    _act(_UNBLOCK, **given)


def _act(
    action: _Action,
    *,
    identifier: str | None,
    handler_on_it: str | None,
    event_prefix: str | None,
    everything: bool,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    options_given = any(value is not None for value in (event_prefix, *chosen.values()))
    _check_choice(action, [identifier is not None, options_given, everything])
    asked = filters.asked(**chosen)
    with open_stores() as stores:
        if identifier is not None:
            asked = _on_event(stores, action, identifier, handler_on_it)
        elif event_prefix is not None:
            event = stores.kept.event(event_prefix)
            asked = replace(asked, event_id=event_prefix if event is None else event.id)
        stores.follow_clock()
        require_answer(f"{action.verb} without being asked", yes=yes)
        asked = replace(asked, holds_up=action.holds_up)
        matched = _matched(stores, action, asked, yes=yes)
        changed = action.carry_out(stores.journal, asked, now_ms()) if matched else 0
        if as_json:
            print_json({"matched": matched, "changed": changed})
        elif matched:
            click.echo(f"{number_of(changed, 'run')} {action.past}.")
        if changed < matched:
            left = number_of(matched - changed, "run")
            hint(f"{left} stayed as before: {_LEFT_ALONE[action.verb]}.")
        if changed and action is _RETRY:
            hint(_outlook(stores))


def _check_choice(action: _Action, ways: list[bool]) -> None:
    if not any(ways):
        raise click.UsageError(
            "which runs? Give an event's id, or options that choose runs, such as --state"
            f" {action.states[0]} or --handler PLUGIN.FUNCTION; --all means all that can be"
            f" {action.past}"
        )
    if sum(ways) > 1:
        raise click.UsageError(
            "an event's id, options that choose runs, and --all exclude each other; give one"
        )


def _on_event(stores: Stores, action: _Action, identifier: str, handler: str | None) -> Filter:
    """Those on one event. Ends the command when nothing can be done about any of them."""
    event, found = find_runs(stores, identifier, handler)
    if not found:
        raise click.ClickException(f"the event {event.id} has no runs; it is {event.status}")
    undone = [run for run in found if run.mode is not RunMode.DRY]
    if not undone:
        raise click.ClickException(
            f"its runs are those of dry runs, and nobody has to {action.verb} those; to do it all"
            f" the same: --event {event.id} --replay {shlex.quote(found[0].replay or '')}"
        )
    if not any(run.state in action.states for run in undone):
        states = ", ".join(f"{run.handler} is {run.state}" for run in undone)
        raise click.ClickException(f"{states}; only what is {action.possible} can be {action.past}")
    if action.needs_body and event.body is None:
        raise click.ClickException(
            f"the payload of the event {event.id} is not kept any more"
            " (COMETHOOKS_PAYLOAD_RETENTION_DAYS), so there is nothing to give to a handler"
        )
    return Filter(event_id=event.id, handler=handler)


def _matched(stores: Stores, action: _Action, asked: Filter, *, yes: bool) -> int:
    """How many runs are meant. Says so, and ends the command when somebody then would rather
    not.
    """
    counts = {state: stores.journal.count_runs(asked, [state]) for state in action.states}
    total = sum(counts.values())
    if not total:
        hint(f"No runs found that can be {action.past}: none is {action.possible}.")
        return 0
    hint(f"{number_of(total, 'run')} found: {_listed(counts)}.")
    ask(f"{action.verb.capitalize()} {number_of(total, 'run')}?", yes=yes)
    if total > MANY:
        hint("This takes a while. Interrupted, it has done a part; what is left can be done later.")
    return total


def _outlook(stores: Stores) -> str:
    """What happens next to runs that are due."""
    if missing := stores.waits_for():
        return f"They are due now, and wait for {missing}."
    return "They are due now; a worker takes them up within seconds. Each gets one attempt more."


def _listed(counts: Mapping[RunState, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


_LEFT_ALONE = {
    _RETRY.verb: (
        "they were changed meanwhile, or the payload of their event is not kept any more "
        "(COMETHOOKS_PAYLOAD_RETENTION_DAYS)"
    ),
    _DISMISS.verb: "they were changed meanwhile",
    _UNBLOCK.verb: "they were changed meanwhile",
}
