"""What an explanation of an event tells below its facts: one function for each section."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from comethooks.cli.explain.interests import Interest, LeftOut, interests_in, left_out
from comethooks.cli.explain.judged import JudgedGoal
from comethooks.cli.explain.snippets import snippet
from comethooks.cli.terminal.details import (
    print_drift,
    print_facts,
    print_once,
    print_section,
    print_text,
    print_votes,
)
from comethooks.cli.terminal.documents import drift_of
from comethooks.cli.terminal.output import Column, hint, print_table, styled
from comethooks.cli.terminal.run_details import print_runs
from comethooks.schemas import NotJsonError, ReceivedInteraction, decode
from comethooks.schemas.event.interactions import ONLY_USER
from comethooks.schemas.wire.interactions import INTERACTED
from comethooks.workers.journal import StoredEvent, StoredOnce, StoredRun
from comethooks.workers.plugins.comparing import Compared, differing
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.published import WorkerPlugins, held
from comethooks.workers.shipped import BOOKKEEPING, ships
from comethooks.workers.states import EventStatus
from comethooks.workers.texts import without_secrets


@dataclass(frozen=True)
class Explained:
    """An event and the plugins that are found here: what every section is made from."""

    event: StoredEvent
    plugins: Plugins
    once: tuple[StoredOnce, ...] = ()
    """The side effects of its runs that are to happen at most once."""
    workers: tuple[WorkerPlugins, ...] = ()
    """What the workers have of the plugins."""
    judged: JudgedGoal | None = None
    """What the goal of its message makes of a press or of a completion; None for other events."""

    @cached_property
    def interests(self) -> tuple[Interest, ...]:
        """What each handler has to do with it."""
        return interests_in(self.event, self.plugins)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The plugins that are found here and not loaded; the workers may run them."""
        return tuple(left_out(self.plugins))

    @cached_property
    def otherwise(self) -> tuple[Compared, ...]:
        """The plugins of which the workers do not have what is found here."""
        return tuple(differing(held(self.plugins), self.workers))

    @property
    def problems(self) -> tuple[str, ...]:
        """Why a press on an interactive message may count for nobody; none of anything else."""
        event = self.event
        if event.trigger != INTERACTED or event.body is None:
            return ()
        received_at = datetime.fromtimestamp(event.received_at / 1000, UTC)
        try:
            body = decode(event.body)
        except NotJsonError:  # posted to the webhook by another source
            return ()
        headers = {**event.headers}
        if self.judged is not None and self.judged.is_attributed and self.judged.user is not None:
            headers[ONLY_USER] = self.judged.user
        return ReceivedInteraction(body, headers, received_at).problems

    def can_be_replayed(self, handler: str) -> bool:
        """Whether a worker has the handler, as far as is known: it is the workers that replay."""
        return not self.workers or any(each.has(handler) for each in self.workers)

    @property
    def snippet(self) -> str | None:
        """The handler that is missing; None if one matches, or did. What a plugin of ours does is
        none that its reader has written.
        """
        theirs = [each for each in self.interests if not ships(each.handler.partition(".")[0])]
        if any(interest.matches or interest.runs for interest in theirs):
            return None
        return snippet(self.event.trigger or "", self.event.name, self.event.source)

    def runs(self, *, live: bool) -> tuple[StoredRun, ...]:
        """Its live runs, or those of replays."""
        return tuple(run for run in self.event.runs if (run.replay is None) is live)


def _print_drift(explained: Explained) -> None:
    if drift := drift_of(explained.event):
        print_section("Not as expected")
        print_drift(drift)


def _print_votes(explained: Explained) -> None:
    print_votes(explained.event.votes)


def _print_problems(explained: Explained) -> None:
    if explained.problems:
        print_section("Problems of the press")
        print_text("\n".join(explained.problems))


def _print_goal(explained: Explained) -> None:
    if explained.judged is not None:
        print_section("Goal")
        print_facts(explained.judged.lines())


def _print_once(explained: Explained) -> None:
    print_once(explained.once)


def _print_handlers(explained: Explained) -> None:
    """Which match and which do not; matching ones first."""
    if not explained.interests:
        return
    print_section("Handlers, as they are loaded here and now")
    ordered = sorted(
        explained.interests, key=lambda interest: (not interest.matches, interest.matches is False)
    )
    print_table(
        (
            Column("HANDLER", folds_at=16),
            Column("MATCHES"),
            Column("RUN"),
            Column("WHY", folds_at=24),
        ),
        [
            (
                interest.handler,
                _MATCHES[interest.matches],
                styled(interest.runs[0].state.value) if interest.runs else "",
                interest.reason or "",
            )
            for interest in ordered
        ],
    )
    missing = [
        interest.handler
        for interest in ordered
        if interest.matches
        and not interest.runs
        and interest.handler not in BOOKKEEPING
        and explained.can_be_replayed(interest.handler)
    ]
    if missing and explained.event.status is not EventStatus.QUEUED:
        hint(
            "To have it run what it has not: comethooks replay plan --missing --handler"
            f" {missing[0]}"
        )


_MATCHES = {True: "yes", False: "no", None: "not loaded"}


def _print_left_out(explained: Explained) -> None:
    if explained.left_out:
        print_section("Plugins left out here")
        print_table(
            (
                Column("NAME", folds_at=16),
                Column("STATE"),
                Column("WHERE", spare=1),
                Column("WHY", folds_at=24),
            ),
            [
                (plugin.name, styled(plugin.state), plugin.where, plugin.reason)
                for plugin in explained.left_out
            ],
        )


def _print_otherwise(explained: Explained) -> None:
    if explained.otherwise:
        print_section("Plugins that the workers have otherwise than found here")
        for each in explained.otherwise:
            for holding in each.holdings:
                print_text(f"{each.name}: {without_secrets(holding.sentence)}")


def _print_runs(explained: Explained) -> None:
    if live := explained.runs(live=True):
        print_section("Runs")
        print_runs(live)


def _print_replays(explained: Explained) -> None:
    if replayed := explained.runs(live=False):
        print_section("Replays")
        print_runs(replayed)


def _print_snippet(explained: Explained) -> None:
    if code := explained.snippet:
        print_section(
            "No handler of yours matches. This one would; as a file in the plugin folder it is a"
            " plugin:"
        )
        print_text(f"\n{code}")


SECTIONS: tuple[Callable[[Explained], None], ...] = (
    _print_drift,
    _print_votes,
    _print_problems,
    _print_goal,
    _print_handlers,
    _print_left_out,
    _print_otherwise,
    _print_runs,
    _print_replays,
    _print_once,
    _print_snippet,
)
"""What follows the facts, in this order; a section that has nothing to tell prints nothing."""
