"""One HTTP call, from its first line to its line in the log."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

from flask import g

from comethooks.workers.clock import NS_PER_MS, now_ns
from comethooks.workers.ids import new_id

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What a trigger looks like that may be logged; nothing else that a sender made up is."""


@dataclass(slots=True)
class HttpCall:
    """What is known of the call so far. `received_at` is milliseconds since the epoch."""

    id: str
    received_at: int
    started: float = field(default_factory=time.monotonic)
    outcome: str = ""
    trigger: str | None = None
    size: int | None = None
    decision: str | None = None

    @classmethod
    def begin(cls) -> "HttpCall":
        """A call that arrives now. Its id is ours: what the sender calls it is not trusted."""
        now = now_ns()
        return cls(new_id(now), now // NS_PER_MS)

    def seconds(self) -> float:
        """How long it takes so far."""
        return time.monotonic() - self.started

    def line(self, endpoint: str | None, status: int) -> dict[str, Any]:
        """What is logged of it: neither path nor query, which may hold a token."""
        line: dict[str, Any] = {"id": self.id, "endpoint": endpoint or "none", "status": status}
        if self.outcome:
            line["outcome"] = self.outcome
        if self.trigger is not None:
            line["trigger"] = self.trigger if _PLAIN.fullmatch(self.trigger) else "other"
        if self.size is not None:
            line["size"] = self.size
        if self.decision is not None:
            line["decision"] = self.decision
        line["ms"] = round(self.seconds() * 1000, 1)
        return line


def current() -> HttpCall:
    """The call that is being answered."""
    call: HttpCall | None = g.get("call")
    if call is None:
        call = g.call = HttpCall.begin()
    return call
