"""What can be said of a spool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """What is in a spool. `oldest_at` is when the first of it was received, in milliseconds since
    the epoch; None when it holds nothing.

    `set_aside` says how many files are not emptied, by why: `damaged`, `refused`, `newer`,
    `foreign`. `reserved` is how many bytes the disk is sure to have. `reason` is why it was not
    emptied when that was tried last, in words that fit behind "since"; None when nothing is in the
    way. `is_full` says that it would take no event any more.
    """

    records: int = 0
    bytes: int = 0
    oldest_at: int | None = None
    max_bytes: int = 0
    reserved: int = 0
    set_aside: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    reason: str | None = None
    is_full: bool = False
