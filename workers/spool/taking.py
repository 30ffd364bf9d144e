"""Taking records out of a spool: reading them, and having Redis accept them in their order."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from comethooks.workers.record import RecordError
from comethooks.workers.spool.spool_reading import FoundRecord, SpoolChunk
from comethooks.workers.spool.spooled import Spooled, decode_spooled
from comethooks.workers.streams.accept import Append, Streams
from comethooks.workers.streams.accepted import NotKeptError

Decoded = tuple[FoundRecord, Spooled | None]
"""A record, and the request that it holds; None when it cannot be read."""
Outcomes = Mapping[str, Exception | None]
"""By id of a request what became of it: None when it was accepted."""


def decoded(chunk: SpoolChunk) -> list[Decoded]:
    """The records of a chunk, in the order in which they were written."""
    records: list[Decoded] = []
    for found in chunk.found:
        request = None
        if found.payload is not None:
            with suppress(RecordError):
                request = decode_spooled(found.payload)
        records.append((found, request))
    return records


def in_arrival_order(records: Sequence[Decoded]) -> list[Decoded]:
    """The records as their requests came in.

    What Redis did not answer for comes to the spool some tenths of a second late, behind what came
    in another process meanwhile. Ids tell which was first, by one clock of one host. All others
    stay as they were written, whatever that clock did.
    """
    ordered: list[Decoded] = []
    for each in records:
        request, at = each[1], len(ordered)
        if request is not None and request.in_doubt:
            while at and _came_later(ordered[at - 1][1], request):
                at -= 1
        ordered.insert(at, each)
    return ordered


def _came_later(other: Spooled | None, request: Spooled) -> bool:
    return other is not None and other.record.id > request.record.id


def accept_all(streams: Streams, requests: Sequence[Spooled]) -> Outcomes:
    """Accept requests in their order; by id what became of each: None when it was accepted. What
    follows one that was not need not be in it. Raises redis-py's errors.
    """
    outcomes: dict[str, Exception | None] = {}
    # Where the backlog is nearly full, a small one must not get past a large one before it.
    together = streams.has_room(2 * sum(len(each.record.body) + 1024 for each in requests))
    for group in [requests] if together else [[each] for each in requests]:
        begun: list[tuple[str, Append | Exception]] = []
        for each in group:
            try:
                one = streams.begin(
                    each.record,
                    duplicate_key=each.duplicate_key,
                    has_time=each.has_time,
                    details=each.details,
                )
            except Exception as error:  # refused by a rule that it was not made under
                begun.append((each.record.id, error))
            else:
                begun.append((each.record.id, one))
        for identifier, append in begun:
            outcomes[identifier] = _outcome(streams, append)
        if any(isinstance(outcome, NotKeptError) for outcome in outcomes.values()):
            break
    return outcomes


def _outcome(streams: Streams, begun: Append | Exception) -> Exception | None:
    if isinstance(begun, Exception):
        return begun
    try:
        streams.finish(begun)
    except NotKeptError as error:
        return error
    return None
