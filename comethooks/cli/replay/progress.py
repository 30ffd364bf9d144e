"""`comethooks replay list` and `replay status`: how replays stand, in the words in which a plan is
told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from comethooks.cli.replay.effects import EffectKinds
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_section, print_text, print_title
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import Cell, Column, Listing, print_json, styled
from comethooks.cli.terminal.parameters import ReplayName
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.workers.journal import Replays, StoredReplay, iso
from comethooks.workers.states import RunState
from comethooks.workers.texts import agreeing, number_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A replay and what became of its runs.

    `states` leaves out skipped runs; `effects` are what a dry run would have done, None for a
    replay that is none.
    """

    replay: StoredReplay
    states: Mapping[RunState, int]
    skipped: int
    effects: EffectKinds | None

    @property
    def deleted(self) -> int:
        """How many of its runs retention has deleted since, with their events."""
        return max(0, self.replay.runs - sum(self.states.values()) - self.skipped)

    @property
    def counts(self) -> str:
        """What it came to, in a line."""
        kept = counted(self.replay.events, sum(self.states.values()), self.skipped, self.states)
        return f"{kept}, {self.deleted} deleted since" if self.deleted else kept

    @property
    def shortfall(self) -> str | None:
        """What to say of a replay that ended with fewer events than expected; None for others."""
        gone, expected = self.replay.gone, self.replay.expected
        if not gone:
            return None
        are = agreeing(gone, "is", "are")
        return (
            f"{gone} of {number_of(expected, 'event')} {are} gone: deleted meanwhile, or without a"
            " payload, or no longer as was asked for"
        )

    def as_json(self) -> dict[str, Any]:
        """All of it in JSON."""
        states = {state.value: count for state, count in self.states.items()}
        known = {
            **self.replay.as_json(self.skipped),
            "states": states,
            "deleted": self.deleted,
            "request": _request(self.replay),
        }
        return known if self.effects is None else {**known, "effects": self.effects.as_json()}


def counted(
    events: int, runs: int, skipped: int, states: Mapping[RunState, int] | None = None
) -> str:
    """Numbers of events and runs in words, with how many runs are in which of `states`. `runs`
    leaves out the skipped ones.
    """
    of_states = f" ({_listed(states)})" if states else ""
    apart = f", {skipped} skipped" if skipped else ""
    return f"{number_of(events, 'event')}, {number_of(runs, 'run')}{of_states}{apart}"


def find(replays: Replays, name: str) -> StoredReplay:
    """The replay of that name. Ends the command if there is none."""
    found = replays.get(name)
    if found is None:
        raise click.ClickException(f"no replay is called {name!r}; see: comethooks replay list")
    return found


def standing(stores: Stores, name: str) -> Standing:
    """How a replay stands. Ends the command if there is none."""
    replays = stores.journal.replays
    # Before its runs: of one that runs there may be more a moment later, which are not deleted.
    found = find(replays, name)
    states = replays.states(name)
    skipped = states.pop(RunState.SKIPPED, 0)
    effects = EffectKinds.of(replays.effects(name)) if found.dry_run else None
    return Standing(found, states, skipped, effects)


@click.command("list", epilog=options.examples("comethooks replay list"))
@options.as_json
def list_(as_json: bool) -> None:
    """List the replays, the newest first."""
    with open_stores() as stores:
        replays = stores.journal.replays
        found, skipped = replays.all(), replays.skipped()
        rows = [(replay, skipped.get(replay.name, 0)) for replay in found]
        _LISTING.print(rows, as_json=as_json, limit=None)


@click.command(epilog=options.examples('comethooks replay status "fix greeting"'))
@click.argument("name", type=ReplayName())
@options.as_json
def status(name: str, as_json: bool) -> None:
    """Show how far a replay is, and what became of its runs.

    Of a dry run it also tells what would have been done.
    """
    with open_stores() as stores:
        shown = standing(stores, name)
    if as_json:
        print_json(shown.as_json())
        return
    found, runs = shown.replay, sum(shown.states.values())
    never = ", ".join(sorted(found.request.never))
    facts: list[tuple[str, Cell | None]] = [
        ("state", styled(found.state.value)),
        ("error", found.error),
        ("events", f"{found.events} of {found.expected}"),
        ("gone", shown.shortfall),
        ("runs", f"{runs} ({_listed(shown.states)})" if runs else "0"),
        ("skipped", f"{shown.skipped}: {never}" if never else None),
        ("deleted since", str(shown.deleted) if shown.deleted else None),
        ("handlers", ", ".join(sorted(found.request.handlers))),
        ("dry run", "yes" if found.dry_run else None),
        ("rate", None if found.rate is None else f"{number_of(found.rate, 'event')} a second"),
        ("created", moment(found.created_at)),
        ("finished", moment(found.finished_at)),
    ]
    print_title("Replay", found.name, facts)
    if shown.effects is not None:
        print_section("What would have been done through ctx")
        for line in shown.effects.lines():
            print_text(line)


def _listed(states: Mapping[RunState, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _request(found: StoredReplay) -> dict[str, Any]:
    """What was asked for, with times as people and programs write them."""
    request = found.request.as_json()
    times = {
        name: iso(request["asked"][name]) for name in ("since", "until") if name in request["asked"]
    }
    return {**request, "asked": {**request["asked"], **times}}


def _row(listed: tuple[StoredReplay, int]) -> tuple[Cell, ...]:
    found, skipped = listed
    return (
        found.name,
        styled(found.state.value),
        f"{found.events} of {found.expected}",
        str(found.runs - skipped),
        str(skipped) if skipped else "",
        "yes" if found.dry_run else "",
        moment(found.created_at),
        moment(found.finished_at),
        found.error or "",
    )


_LISTING: Listing[tuple[StoredReplay, int]] = Listing(
    columns=(
        Column("NAME", folds_at=24),
        Column("STATE"),
        Column("EVENTS"),
        Column("RUNS"),
        Column("SKIPPED", spare=5),
        Column("DRY RUN", spare=3),
        Column("CREATED", spare=2),
        Column("FINISHED", spare=4),
        Column("ERROR", spare=1, folds_at=24),
    ),
    row=_row,
    document=lambda listed: listed[0].as_json(listed[1]),
    nothing="No replays found. To see what one would do: comethooks replay plan",
)
