"""What became of an event that was delivered: its runs, what they did and what they emitted."""

from dataclasses import dataclass, field

from comethooks.schemas import Event
from comethooks.testing.errors import HarnessError
from comethooks.workers.journal import RunKey, StoredRun
from comethooks.workers.plugins.loaded import BoundHandler, Plugins
from comethooks.workers.record import Record
from comethooks.workers.replays.consent import Consent
from comethooks.workers.states import EventStatus, RunState, event_status


class Run:
    """One handler on one event, as the journal has it. It changes with the clock."""

    def __init__(self, event: Event, bound: BoundHandler, stored: StoredRun) -> None:
        self.event = event
        self.bound = bound
        self.stored = stored

    @property
    def key(self) -> RunKey:
        """What the run is found by in the journal."""
        return RunKey(self.event.id, self.bound.id, self.event.replay)

    @property
    def handler(self) -> str:
        """The handler's id, `plugin.function`."""
        return self.bound.id

    @property
    def state(self) -> RunState:
        """How it stands. A string, too: `run.state == "done"`."""
        return self.stored.state

    @property
    def attempts(self) -> int:
        """How many attempts there were."""
        return self.stored.attempts

    @property
    def error(self) -> str | None:
        """What the last attempt raised, in one line."""
        return self.stored.error

    @property
    def traceback(self) -> str | None:
        """Where it was raised."""
        return self.stored.traceback

    @property
    def effects(self) -> tuple[str, ...]:
        """What it did to the outside, a line each, in all attempts."""
        return tuple(line for attempt in self.stored.attempts_made for line in attempt.effects)

    def __repr__(self) -> str:
        return (
            f"Run({self.handler} on {self.event.trigger}: {self.state}, attempts={self.attempts},"
            f" error={self.error!r}, effects={self.effects!r})"
        )


@dataclass(slots=True, eq=False)
class Delivery:
    """An event that was delivered to a plugin, and what came of it."""

    event: Event
    plugins: Plugins = field(repr=False)
    """The plugin that it was delivered to, as a worker has it."""
    dry_run: bool = field(repr=False)
    record: Record = field(repr=False)
    consent: Consent | None = field(default=None, repr=False)
    """In a replay: which handlers it may run."""
    repeats: "Delivery | None" = field(default=None, repr=False)
    """The delivery whose event came again."""
    runs: tuple[Run, ...] = ()
    """Every run, in the order of first attempts: those on the event, then those on what was
    emitted."""
    emitted: tuple[Event, ...] = field(default=(), repr=False)
    """The events that handlers made of it: `emitted[0].payload["data"]` is what one holds."""

    @property
    def duplicate(self) -> bool:
        """Whether the body repeats one that was delivered before: then nothing runs, and `event` is
        that of the first delivery.
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
        reasons = {bound.id: self._reason(bound) for bound in self.plugins.handlers}
        return {handler: reason for handler, reason in reasons.items() if reason is not None}

    def _reason(self, bound: BoundHandler) -> str | None:
        reason = bound.handler.why_unwanted(self.record)
        if reason is None and self.consent is not None and bound.id in self.consent.left_out:
            return (
                "a replay leaves it out, since it may not be safe to repeat: write"
                f' include=["{bound.id}"]'
            )
        return reason


def unhandled(delivery: Delivery) -> str:
    """Why no handler wants the event of a delivery."""
    if not delivery.plugins.handlers:
        return "the plugin has no handlers: register one with @plugin.on"
    event = delivery.event
    called = (
        event.trigger if event.name in (None, event.trigger) else f"{event.trigger} ({event.name})"
    )
    wheres = {bound.id: bound.handler.where for bound in delivery.plugins.handlers}
    reasons = (
        f"  {handler} ({wheres[handler]}): {reason}" for handler, reason in delivery.why_not.items()
    )
    allowed = "If that is right, write allow_unhandled=True."
    return "\n".join((f"no handler wants {called}:", *reasons, allowed))
