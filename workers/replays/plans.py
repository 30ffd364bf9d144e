"""What a replay would do, counted before it begins; and its beginning."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from comethooks.workers.journal import Candidate, Choice, Replays
from comethooks.workers.replays.selection import Selection


@dataclass(slots=True)
class Plan:
    """What a replay of a selection would do.

    `events` are those with a run, received from `oldest` to `newest` (milliseconds). `by_handler`
    counts runs by the handler's id, those too that are not made: of a handler that is left out, or
    that may never be replayed.
    """

    selection: Selection
    events: int = 0
    by_handler: Counter[str] = field(default_factory=Counter)
    oldest: int | None = None
    newest: int | None = None

    @classmethod
    def of(cls, selection: Selection, found: Iterable[Candidate]) -> Self:
        """The plan of a replay of what is `found`, which is not kept."""
        plan = cls(selection)
        for each in found:
            plan._add(each)
        return plan

    @property
    def runs(self) -> int:
        """How many runs would be made."""
        return self._number(self.selection.consent.granted)

    @property
    def skipped(self) -> int:
        """How many runs would be recorded as skipped."""
        return self._number(self.selection.consent.never)

    @property
    def left_out(self) -> list[str]:
        """The handlers with runs that are not made, since nobody asked for them."""
        return sorted(self.by_handler.keys() & self.selection.consent.left_out)

    def create(
        self, replays: Replays, name: str, *, now: int, rate: float | None, dry_run: bool
    ) -> bool:
        """Make the replay; False if there is one of that name. Raises the journal's errors."""
        return replays.create(
            name,
            self.selection.request,
            now=now,
            expected=self.events,
            rate=rate,
            dry_run=dry_run,
        )

    def name(self, replays: Replays, *, now: int, dry_run: bool) -> str:
        """A name for it that people can read and type, and that no replay has yet:
        `missing-2026-10-05`. Raises the journal's errors.
        """
        choice = self.selection.request.choice
        parts = ["dry"] if dry_run else []
        parts += [] if choice is Choice.ALL else [choice.value]
        parts += [datetime.fromtimestamp(now / 1000, UTC).date().isoformat()]
        name, taken = "-".join(parts), {replay.name for replay in replays.all()}
        number, made = 1, name
        while made in taken:
            number += 1
            made = f"{name}-{number}"
        return made

    def _add(self, found: Candidate) -> None:
        ids = [handler.id for handler in self.selection.handlers(found)]
        self.by_handler.update(ids)
        if self.selection.consent.left_out.issuperset(ids):
            return
        at = found.record.received_at
        self.events += 1
        self.oldest = at if self.oldest is None else min(self.oldest, at)
        self.newest = at if self.newest is None else max(self.newest, at)

    def _number(self, handlers: frozenset[str]) -> int:
        return sum(self.by_handler[handler] for handler in handlers)
