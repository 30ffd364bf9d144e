"""What became of an event that was delivered: its runs, what they did and what they emitted."""

from dataclasses import dataclass, field

from comethooks.schemas import Event
from comethooks.testing.errors import HarnessError
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import Record
from comethooks.workers.states import EventStatus, RunState, event_status


@dataclass(slots=True, eq=False)
class Run:
    """One handler on one event. It tells how it stands when it is asked, so it changes with the
    clock.
    """

    event: Event
    bound: BoundHandler = field(repr=False)
    dry_run: bool = field(default=False, repr=False)
    state: RunState = RunState.PENDING
    """A string, too: `run.state == "done"`."""
    attempts: int = 0
    error: str | None = None
    """What the last attempt raised, in one line."""
    traceback: str | None = field(default=None, repr=False)
    effects: tuple[str, ...] = ()
    """What it did to the outside, a line each, in all attempts."""
    next_at: int | None = field(default=None, repr=False)
    """When the next attempt is due, in milliseconds of the harness' clock."""

    @property
    def handler(self) -> str:
        """The handler's id, `plugin.function`."""
        return self.bound.id

    def take(self, result: RunResult) -> None:
        """Note how an attempt ended."""
        self.state, self.attempts, self.next_at = result.state, result.attempts, result.next_at
        self.error, self.traceback = result.error, result.traceback
        self.effects += result.effects


@dataclass(slots=True, eq=False)
class Delivery:
    """An event that was delivered to a plugin, and what came of it."""

    event: Event
    handlers: tuple[BoundHandler, ...] = field(repr=False)
    dry_run: bool = field(repr=False)
    record: Record = field(repr=False)
    left_out: frozenset[str] = field(default=frozenset(), repr=False)
    """Handlers that a replay does not include."""
    repeats: "Delivery | None" = field(default=None, repr=False)
    """The delivery whose event came again."""
    runs: tuple[Run, ...] = ()
    """Every run, in the order of first attempts: those on the event, then those on what was
    emitted."""
    emitted: tuple[Event, ...] = field(default=(), repr=False)
    """The events that handlers made of it: `emitted[0].payload["data"]` is what one holds."""

    @property
    def duplicate(self) -> bool:
        """Whether the body repeats one that was delivered before. Nothing runs then; `event` is the
        first one's.
        """
        return self.repeats is not None

    @property
    def run(self) -> Run:
        """The one run that there is. Raises `HarnessError` when there are more or none."""
        if self.duplicate:
            raise HarnessError(
                f"nothing ran: it repeats {self.event.id}, which was delivered before"
            )
        if len(self.runs) != 1:
            there = ", ".join(f"{run.handler} on {run.event.trigger}" for run in self.runs)
            raise HarnessError(
                f"there is not one run but {len(self.runs)}: {there or 'look at why_not'}"
            )
        return self.runs[0]

    @property
    def status(self) -> EventStatus:
        """What became of the event as a whole: `done`, `retrying`, `dead` or `unhandled`."""
        if self.repeats is not None:
            return self.repeats.status
        return event_status(run.state for run in self.runs if run.event is self.event)

    @property
    def effects(self) -> tuple[str, ...]:
        """What all runs did to the outside, a line each."""
        return tuple(line for run in self.runs for line in run.effects)

    @property
    def why_not(self) -> dict[str, str]:
        """Why each handler that did not get the event does not want it, by its id."""
        reasons = {bound.id: self.reason(bound, self.event) for bound in self.handlers}
        return {handler: reason for handler, reason in reasons.items() if reason is not None}

    def reason(self, bound: BoundHandler, event: Event) -> str | None:
        """Why a handler does not get `event`; None when it does."""
        reason = refusal(bound, event)
        if reason is None and bound.id in self.left_out:
            return (
                "a replay leaves it out, since it may not be safe to repeat: write"
                f' include=["{bound.id}"]'
            )
        return reason


def refusal(bound: BoundHandler, event: Event) -> str | None:
    """Why a handler does not want `event`; None when it does."""
    return bound.handler.why_not(event.trigger, event.name, event.source)
