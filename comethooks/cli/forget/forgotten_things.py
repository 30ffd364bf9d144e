"""What `forget` is asked for, and what it comes to."""

from collections import Counter
from dataclasses import dataclass, field

from comethooks.workers.forgetting.redis_left import Rewritten
from comethooks.workers.journal import Emptied
from comethooks.workers.plugins.forgetters.calling import Forgot, KeepingPlugin, UnaskedPlugin


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for."""

    app_id: str
    uid: str
    vacuum: bool = False
    wait: float = 0.0
    yes: bool = False
    as_json: bool = False


@dataclass(slots=True)
class Done:
    """What was done, or would be."""

    tables: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    """In the streams."""
    running: int = 0
    """Runs about the user, and chunks of replays, that were in progress and have not ended."""
    spooled: int = 0
    files: int = 0
    plugins: list[Forgot] = field(default_factory=list)
    unasked: list[UnaskedPlugin] = field(default_factory=list)
    keepers: list[KeepingPlugin] = field(default_factory=list)
    emptied: Emptied | None = None
    log: Rewritten | None = None
    redis_away: str | None = None
    spool_trouble: str | None = None

    @property
    def went_well(self) -> bool:
        """Whether nothing is left that this command should have done."""
        return not (
            any(each.error for each in self.plugins)
            or any(each.is_broken for each in self.unasked)
            or self.waiting
            or self.running
            or self.redis_away
            or self.log is Rewritten.FAILED
            or (self.emptied is not None and not self.emptied.log_truncated)
            or self.spool_trouble
        )
