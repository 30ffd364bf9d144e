"""Failed runs, sorted by what is wrong: the handler, the type of the exception, and the line of the
plugin at which it failed.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from comethooks.workers.journal.listings.stored import StoredRun
from comethooks.workers.journal.times import iso
from comethooks.workers.states import RunState

_TYPE = re.compile(r"[\w.<>]{1,200}(?=:|$)")


class Cause(NamedTuple):
    """What failures have in common. `error` is the exception's type, or the whole error without
    one.

    `place` is `file:line` of the innermost line of the plugin; None when it was in none.
    """

    handler: str
    error: str
    place: str | None


@dataclass(slots=True)
class FailureGroup:
    """The failures of one cause; the example is the event that failed last.

    Times are when attempts ended that failed with that type of exception, earlier ones too, as far
    as they are known.
    """

    cause: Cause
    first_at: int | None = None
    last_at: int | None = None
    example_id: str = ""
    states: Counter[RunState] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many runs these are."""
        return self.states.total()

    def add(self, run: StoredRun) -> None:
        """Count one more."""
        self.states[run.state] += 1
        alike = (
            each for each in run.attempts_made if type_in(each.error or "") == self.cause.error
        )
        ended = [each.finished_at for each in alike] if run.attempts_made else [run.finished_at]
        times = [at for at in ended if at is not None]
        at = max(times, default=None)
        if at is not None:
            self.first_at = min(times if self.first_at is None else (*times, self.first_at))
        if not self.example_id or (at is not None and (self.last_at is None or at >= self.last_at)):
            self.last_at, self.example_id = at, run.event_id

    def as_json(self) -> dict[str, Any]:
        """The group in a listing."""
        return {
            **self.cause._asdict(),
            "count": self.count,
            "states": {state.value: count for state, count in sorted(self.states.items())},
            "first_at": None if self.first_at is None else iso(self.first_at),
            "last_at": None if self.last_at is None else iso(self.last_at),
            "example_id": self.example_id,
        }


def grouped(runs: Iterable[StoredRun]) -> list[FailureGroup]:
    """The causes of the failures among `runs`, which come with attempts; the latest comes first.

    Takes as much memory as there are causes, however many runs there are.
    """
    groups: dict[Cause, FailureGroup] = {}
    for run in runs:
        if run.failed:
            cause = cause_of(run)
            groups.setdefault(cause, FailureGroup(cause)).add(run)
    return sorted(groups.values(), key=lambda group: (-(group.last_at or 0), group.cause.handler))


def cause_of(run: StoredRun) -> Cause:
    """What made `run` fail."""
    return Cause(run.handler, type_in(run.error or ""), run.failed_in)


def type_in(error: str) -> str:
    """The type of the exception that an error begins with; the whole error when there is none."""
    found = _TYPE.match(error)
    return found[0] if found else error
