"""Effects: what a run does to the outside through its context, in a line each.

Live ones tell what was done and what came of it; those of a dry run tell what would have been done. No line holds a
secret, and only those of a dry run hold what would be sent: nothing was done that could be looked at elsewhere.
"""

import json
from typing import Any

from schemas import masked

MOST = 50
"""Lines that are kept of a run; a loop that calls out a thousand times is told by its first ones."""
LONGEST = 500
"""Characters of a line."""


class Effects:
    """The effects of one run, in their order."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._left_out = 0

    def add(self, line: str) -> None:
        """Note one more."""
        shown: str = masked(line)
        if len(self._lines) < MOST:
            self._lines.append(shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…")
        else:
            self._left_out += 1

    @property
    def lines(self) -> tuple[str, ...]:
        """What was noted; the last line says how many are left out."""
        more = (f"… and {self._left_out} more",) if self._left_out else ()
        return (*self._lines, *more)


def preview(value: Any) -> str:
    """What would be sent, as JSON without its secrets; empty when it is nothing."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return " " + (
        value if isinstance(value, str) else json.dumps(masked(value), ensure_ascii=False, default=str)
    )
