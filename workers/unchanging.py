"""Values that do not change, of which a drainer makes some for every event."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True)
def unchanging(*, kw_only: bool = False) -> Callable[[type[Made]], type[Made]]:
    """A dataclass that nobody may change: type checkers see to it, not Python.

    What Python does about it, with `frozen`, makes an object of a dozen fields take four times as
    long. It is compared and hashed as those are.
    """
    return dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)
