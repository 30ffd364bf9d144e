"""The part of the journal's face that is about runs which did not end well at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from comethooks.workers.journal.claiming import claims_to_free
from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.forgetting.arrivals import results_without
from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.journal.listings.reading import Reader
from comethooks.workers.journal.runs import actions, claims, parked, waiting_lines
from comethooks.workers.journal.runs.claimed_runs import ClaimedRun, FreedRun, RunKey
from comethooks.workers.journal.runs.waiting_lines import Line
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.transactions import reading, writing


class RunKeeper(Reader):
    """Runs that are due, or wait for something: who has them, how they end, and what an operator
    does with them. Methods raise what those of `Journal` raise.
    """

    def claim(
        self, member: str, *, now: int, until: int, limit: int, alone: bool = False
    ) -> list[ClaimedRun]:
        """Claim for `member`, until `until`, at most `limit` due runs, the longest due first.

        With `alone`, one that may be poison and nothing else; without, none that may be. Nobody
        else is given the same ones.
        """
        with translated():
            return claims.claim(self.engine, member, now=now, until=until, limit=limit, alone=alone)

    def finish(self, member: str, results: Sequence[tuple[str, RunResult]]) -> int:
        """Write results, each with its event's id, of runs that `member` still has; returns how
        many.
        """
        if not results:
            return 0
        with writing(self.engine) as connection:
            return claims.finish(connection, member, results_without(connection, results))

    def renew_claims(self, member: str, until: int) -> int:
        """Let all that `member` has claimed be its until `until`; returns how many runs that is."""
        with writing(self.engine) as connection:
            return claims.CLAIMS.renew(connection, member, until)

    def give_back(self, member: str, keys: Sequence[RunKey], *, now: int) -> None:
        """Make runs that `member` claimed and never started due again, as they were before the
        claim.
        """
        if keys:
            with writing(self.engine) as connection:
                claims.give_back(connection, member, keys, due_at=now)

    def park(self, member: str, keys: Sequence[RunKey], *, now: int, until: int) -> None:
        """Have runs that `member` claimed wait for their plugin until `until`, with the attempts
        that they had.
        """
        if keys:
            with writing(self.engine) as connection:
                parked.park(connection, member, keys, now=now, until=until)

    def parked(self) -> Mapping[str, int]:
        """How many runs wait for the plugin of each handler."""
        with reading(self.engine) as connection:
            return parked.waiting(connection)

    def put_back(self, handler: str, *, now: int, limit: int) -> int:
        """Make runs due that wait for the plugin of `handler`, up to `limit`; returns how many."""
        with writing(self.engine) as connection:
            return parked.put_back(connection, handler, now=now, limit=limit)

    def free_claims(
        self,
        *,
        is_dead: Callable[[str], bool],
        ending: Callable[[str], str | None],
        now: int,
        expired: int | None,
        in_progress: Callable[[str], Sequence[tuple[str, str]] | None] = lambda member: None,
    ) -> list[FreedRun]:
        """Take away the claims of dead members and, with `expired`, those that ended by then.

        Each is due again, to run alone, until it has died as often as `workers.poison` allows: then
        it is dead. `ending` says how a process ended, and `in_progress` at which events and
        handlers: where that is known, the others are due as before. Nothing is locked meanwhile.
        """
        with reading(self.engine) as connection:
            claimants = claims.CLAIMS.claimants(connection)
        freed: list[FreedRun] = []
        for lost in claims_to_free(claimants, is_dead=is_dead, ending=ending, expired=expired):
            begun = None if lost.expired is not None else in_progress(lost.member)
            with writing(self.engine) as connection:
                if begun is not None:
                    claims.give_back_others(connection, lost, begun, now=now)
                freed += claims.free(connection, lost, now=now)
        return freed

    def free_claim(self, member: str, key: RunKey, ending: str, *, now: int) -> list[FreedRun]:
        """Take away the claim of one run, whose own process ended; nothing if it is not there."""
        with writing(self.engine) as connection:
            return claims.free(connection, claims.lost_one(member, key, ending), now=now)

    def retry_runs(self, asked: Filter, now: int) -> int:
        """Make the `RETRYABLE` runs that `asked` describes due at `now`; how many it changed.

        Their attempts go on counting; that their process died is forgotten. Left alone are those
        whose event has lost its body to retention. Not one transaction: when this raises, some may
        have been changed.
        """
        with translated():
            return actions.retry(self.engine, asked, now)

    def dismiss_runs(self, asked: Filter, now: int) -> int:
        """Dismiss the `DISMISSABLE` runs that `asked` describes, in steps too; returns how many."""
        with translated():
            return actions.dismiss(self.engine, asked, now)

    def unblock_runs(self, asked: Filter, now: int) -> int:
        """Let later runs pass the `UNBLOCKABLE` ones that `asked` describes; returns how many those
        are.
        """
        with translated():
            return actions.unblock(self.engine, replace(asked, holds_up=True), now)

    def forget_runs(self, asked: Filter) -> None:
        """Forget the runs that `asked` describes by event, handler and replay, with all attempts,
        as if they had never been recorded.
        """
        with writing(self.engine) as connection:
            actions.forget(connection, asked)

    def line_length(self, line: Line, limit: int) -> int:
        """How many runs of an ordered handler stand in `line`; counts no further than `limit`."""
        with reading(self.engine) as connection:
            return waiting_lines.length(connection, line, limit)

    def release_waiting(self, now: int) -> int:
        """Make runs due at `now` that wait in a line behind nobody; returns how many."""
        with reading(self.engine) as connection:
            found = waiting_lines.releasable(connection)
        if not found:
            return 0
        with writing(self.engine) as connection:
            return waiting_lines.release(connection, found, now=now)
