"""What a replay in a test is of: the events of a file, and the handlers that may be run again."""

from collections.abc import Collection, Sequence
from pathlib import Path

from comethooks.files.imported import LineError, event_in
from comethooks.testing.delivery import Delivery, refusal
from comethooks.testing.errors import HarnessError, guess
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import Record
from comethooks.workers.replays.consent import ConsentError, UnknownHandlerError, consent_of


def records_in(file: Path) -> list[Record]:
    """The events of a file of lines, each once and the oldest first, as a service replays them.

    Raises `HarnessError` for a line that is no event.
    """
    found: dict[str, Record] = {}
    for number, line in enumerate(_lines(file), 1):
        if line.strip():
            record = _record(line, f"{file}, line {number}")
            found.setdefault(record.id, record)
    return sorted(found.values(), key=lambda record: (record.received_at, record.id))


def left_out(handlers: Sequence[BoundHandler], include: Collection[str]) -> frozenset[str]:
    """The handlers that a replay which includes these does not run. Raises `HarnessError` for what
    cannot be.
    """
    included = (include,) if isinstance(include, str) else include
    try:
        return consent_of(handlers, included=included).left_out
    except UnknownHandlerError as error:
        near = guess(error.handler, (bound.id for bound in handlers))
        raise HarnessError(
            f"include={error.handler!r}: the plugin has no such handler{near}"
        ) from None
    except ConsentError as error:
        raise HarnessError(str(error)) from None


def require_one_that_runs(deliveries: Collection[Delivery]) -> None:
    """Raise `HarnessError` if nothing runs, and would if it were included."""
    wanted = {
        bound.id: bound
        for delivery in deliveries
        for bound in delivery.handlers
        if refusal(bound, delivery.event) is None
    }
    without = {each for delivery in deliveries for each in delivery.left_out & wanted.keys()}
    if without and all(
        bound.id in without or bound.handler.replay == "never" for bound in wanted.values()
    ):
        named = ", ".join(f'"{handler}"' for handler in sorted(without))
        raise HarnessError(
            f"nothing is run: write include=[{named}] if that may be repeated, or declare it with"
            ' @plugin.on(…, replay="safe")'
        )


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError as error:
        raise HarnessError(f"{file} cannot be read: {error.strerror}") from None


def _record(line: bytes, where: str) -> Record:
    try:
        record = event_in(line)
    except LineError as error:
        raise HarnessError(f"{where}: {error}") from None
    if not record.body:
        raise HarnessError(f"{where}: its body is not kept any more, so no handler can read it")
    return record
