"""What a replay would do, counted before it begins; and its beginning."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Self

from comethooks.workers.journal import Candidate, Choice, Replays
from comethooks.workers.replays.selection import Selection


@dataclass(slots=True)
class Plan:
    """What a replay of a selection would do.

    `events` are those with a run, received from `oldest` to `newest` (milliseconds). `by_handler`
    counts runs by the handler's id, those too that are not made: of a handler that is left out, or
    that may never be replayed. `considered` says that a handler that may be run wants one of the
    events, though it may have no run left to make.
    """

    selection: Selection
    events: int = 0
    by_handler: Counter[str] = field(default_factory=Counter)
    oldest: int | None = None
    newest: int | None = None
    considered: bool = False

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
        self, replays: Replays, name: str | None, *, now: int, rate: float | None, dry_run: bool
    ) -> str | None:
        """Make the replay; its name, or None if there is one of that name. Without a name it is
        given one that people can read and type: `missing-2026-10-05`. Raises the journal's errors.
        """
        # Whether a name is free is known only when it is taken: another may be at it, too.
        for each in self._names(now, dry_run=dry_run) if name is None else (name,):
            if replays.create(
                each,
                self.selection.request,
                now=now,
                expected=self.events,
                rate=rate,
                dry_run=dry_run,
            ):
                return each
        return None

    def _names(self, now: int, *, dry_run: bool) -> Iterator[str]:
        choice = self.selection.request.choice
        parts = ["dry"] if dry_run else []
        parts += [] if choice is Choice.ALL else [choice.value]
        parts += [datetime.fromtimestamp(now / 1000, UTC).date().isoformat()]
        name = "-".join(parts)
        yield name
        yield from (f"{name}-{number}" for number in count(2))

    def _add(self, found: Candidate) -> None:
        ids = [handler.id for handler in self.selection.handlers(found)]
        self.by_handler.update(ids)
        self.considered = self.considered or self.selection.considers(found)
        if self.selection.consent.left_out.issuperset(ids):
            return
        at = found.record.received_at
        self.events += 1
        self.oldest = at if self.oldest is None else min(self.oldest, at)
        self.newest = at if self.newest is None else max(self.newest, at)

    def _number(self, handlers: frozenset[str]) -> int:
        return sum(self.by_handler[handler] for handler in handlers)
