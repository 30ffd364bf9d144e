"""What a check found, and how a check is kept from harming the others."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis.exceptions import ResponseError

from comethooks.webhooks import health
from comethooks.workers import logs
from comethooks.workers.streams.refusals import refusal_of

LIMIT_SECONDS = 20.0
"""How long a check may take that waits for something which says nothing: a host, a file system."""


class Level(StrEnum):
    """How bad it is. What is wrong loses or refuses events, or keeps them from being processed."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says. `check` is its name, `group.what`; `advice` says what to do."""

    check: str
    level: Level
    detail: str
    advice: str | None = None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "check": self.check,
            "level": self.level.value,
            "detail": self.detail,
            "advice": self.advice,
        }


def from_health(group: str, found: health.HealthFinding, level: Level = Level.WARNING) -> Finding:
    """What readiness says of the same thing."""
    return Finding(f"{group}.{found.what}", level, found.detail, found.advice)


def guarded(
    name: str, check: Callable[[], Iterable[Finding]], *, seconds: float = LIMIT_SECONDS
) -> list[Finding]:
    """What `check` finds. That it raises, or does not end in time, is a finding named `name`.

    It runs in a thread, which is left behind when the time is over.
    """
    found: list[Finding] = []
    thread = threading.Thread(
        target=lambda: found.extend(caught(name, check)), name=f"check {name}", daemon=True
    )
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return [
            Finding(
                name,
                Level.WRONG,
                f"no answer after {seconds:g} s",
                "look why whatever it asks is silent",
            )
        ]
    return found


def caught(name: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What `check` finds until it raises; that it did is then a finding. Runs in this thread."""
    try:
        yield from check()
    except ResponseError as error:  # a right that its user lacks, above all
        reply = refusal_of(error)
        yield Finding(name, Level.WRONG, f"Redis refuses: {reply.named}", reply.advice or None)
    except Exception as error:  # a defect of one check is no reason to keep the others back
        told = logs.failure(error)
        yield Finding(
            name,
            Level.WRONG,
            f"the check failed: {told['error']} at {told.get('at', 'an unknown place')}",
            "this is a defect of comethooks; look at it yourself, and report it",
        )
