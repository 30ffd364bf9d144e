"""Which partitions there are: how many, and with which numbers.

The layout that requests are appended to is fixed in Redis at the first start. A new layout gets
numbers of its own. From then on everything is appended there, and the drainers first empty all
partitions of the old one; only then do they read the new ones. So nothing is lost, and no event
overtakes an earlier one of its conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, cast
from zlib import crc32

from redis import Redis

from comethooks.workers.streams import keys
from comethooks.workers.streams.scripts import entry_scripts
from comethooks.workers.texts import number_of

DEFAULT_COUNT = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """So many partitions, with numbers from `base` on."""

    count: int
    base: int = 0

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """The layout in its written form: `16`, or `32@16` for 32 that follow the first 16."""
        count, _, base = (text.decode() if isinstance(text, bytes) else text).partition("@")
        return cls(int(count), int(base or 0))

    def __str__(self) -> str:
        return f"{self.count}@{self.base}" if self.base else str(self.count)

    @property
    def numbers(self) -> range:
        """The numbers of its partitions."""
        return range(self.base, self.base + self.count)

    def partition_of(self, app_id: str | None, key: str) -> int:
        """The partition of everything with this ordering key in this app."""
        # CRC-32 and not Python's hash, which is another one in each process. A change of it would
        # put later events of a conversation beside its earlier ones, and break their order.
        return (
            self.base
            + crc32(f"{app_id or ''}\0{key}".encode("utf-8", "surrogatepass")) % self.count
        )

    def followed_by(self, count: int) -> "Layout":
        """A layout of `count` partitions that shares no number with this one."""
        return Layout(count, self.base + self.count)


@dataclass(frozen=True, slots=True)
class Layouts:
    """The layout that requests are appended to, and the one before it until that is empty."""

    accepting: Layout
    emptying: Layout | None = None

    @property
    def draining(self) -> Layout:
        """The layout that drainers read."""
        return self.emptying or self.accepting

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of all partitions, the older ones first."""
        return [*(self.emptying.numbers if self.emptying else ()), *self.accepting.numbers]


class PartitionsError(Exception):
    """The settings ask for another number of partitions than Redis has."""

    def __init__(self, fixed: int, wanted: int) -> None:
        super().__init__(
            f"Redis has {number_of(fixed, 'partition')} and COMETHOOKS_PARTITIONS is {wanted};"
            f" to change them run: comethooks partitions set {wanted}; to keep them set"
            f" COMETHOOKS_PARTITIONS={fixed}, or unset it"
        )


class SwitchingError(Exception):
    """The layout before the present one is not empty yet, so there cannot be a third."""


def read_layouts(client: Redis, wanted: int | None = None) -> Layouts:
    """The layouts of Redis, or those that the first start would make. Raises redis-py's errors."""
    accepting, emptying = cast(list[bytes | None], client.mget(keys.PARTITIONS, keys.EMPTYING))
    if accepting is None:
        return Layouts(Layout(wanted or DEFAULT_COUNT))
    return Layouts(Layout.parse(accepting), Layout.parse(emptying) if emptying else None)


def fixed_layouts(client: Redis, wanted: int | None) -> Layouts:
    """The layouts that Redis has; fixes them if it has none. Raises redis-py's errors."""
    if not client.exists(keys.PARTITIONS):
        # Asked first: a server without memory left refuses a SET even if it would change nothing.
        client.set(keys.PARTITIONS, str(read_layouts(client, wanted).accepting), nx=True)
    return read_layouts(client, wanted)


def check_count(client: Redis, wanted: int | None) -> None:
    """Raise `PartitionsError` when the settings ask for a number that Redis does not have."""
    fixed = read_layouts(client, wanted).accepting.count
    if wanted is not None and wanted != fixed:
        raise PartitionsError(fixed, wanted)


def switch(client: Redis, count: int, wanted: int | None = None) -> Layouts:
    """Have everything appended to `count` new partitions from now on, while the drainers empty the
    old ones.

    Changes nothing when there are so many already. Raises `SwitchingError`, and redis-py's errors.
    """
    now = fixed_layouts(client, wanted)
    if now.accepting.count == count:
        return now
    new = now.accepting.followed_by(count)
    script = client.register_script(entry_scripts.SWITCH)
    if not script(keys=[keys.PARTITIONS, keys.EMPTYING], args=[str(now.accepting), str(new)]):
        raise SwitchingError(
            "the partitions before the present ones are not empty yet; try again when they are"
        )
    return Layouts(new, now.accepting)


def retire(client: Redis, layout: Layout) -> bool:
    """Forget `layout`, which is being emptied, if it is empty. Returns whether it is forgotten."""
    script = client.register_script(entry_scripts.RETIRE)
    streams = [keys.stream(number) for number in layout.numbers]
    marks = [keys.progress(number) for number in layout.numbers]
    return bool(script(keys=[keys.EMPTYING, *streams, *marks], args=[str(layout), layout.count]))
