"""In which portions a listing is read: pages of rows, and bodies by their number and size."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.listings.stored import StoredEvent, StoredRequest

PAGE = 500
"""Rows of a page."""
PORTION = 200
"""Bodies that are read at once."""
PORTION_BYTES = 4 * 2**20
"""Bytes that they may have without the last one."""

Item = TypeVar("Item")
Listed = TypeVar("Listed", StoredEvent, StoredRequest)
Page = Callable[[Place | None, int], Sequence[Listed]]
"""Reads so many behind a place; None: from the beginning."""


def page_size(limit: int | None) -> int:
    """How many are read at first where so many are asked for; None: all."""
    return PAGE if limit is None else min(limit, PAGE)


def pages(page: Page[Listed], size: int) -> Iterator[Listed]:
    """All that is on the pages, the first of which has `size`."""
    after = None
    while rows := page(after, size):
        yield from rows
        if len(rows) < size:
            return
        # Not all events that are read have a run that is asked for.
        after, size = place_of(rows[-1]), min(2 * size, PAGE)


def of_ids(places: Iterable[tuple[Place, int]]) -> Iterator[list[str]]:
    """The ids at `places`, in portions that may be read at once."""
    ids: list[str] = []
    total = 0
    for place, size in places:
        ids.append(place.id)
        total += size
        if len(ids) >= PORTION or total >= PORTION_BYTES:
            yield ids
            ids, total = [], 0
    if ids:
        yield ids


def fitting(sized: Iterable[tuple[Item, int]]) -> list[Item]:
    """The first of what has these sizes, as much as may be in memory at a time: bodies of so many
    bytes, and one more.
    """
    taken: list[Item] = []
    total = 0
    for item, size in sized:
        taken.append(item)
        total += size
        if total >= PORTION_BYTES:
            break
    return taken


def place_of(listed: StoredEvent | StoredRequest) -> Place:
    """Where it stands in a listing."""
    return Place(listed.received_at, listed.id)
