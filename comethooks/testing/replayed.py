"""What a replay in a test is of: the events of a file, and the handlers that may be run again."""

from collections.abc import Collection, Iterable
from pathlib import Path

from comethooks.files.imported import LineError, event_in, records_in
from comethooks.files.importer import lines_of
from comethooks.testing.errors import HarnessError, guess
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.record import Record
from comethooks.workers.replays.consent import (
    Consent,
    ConsentError,
    UnknownHandlerError,
    consent_of,
)


def events_in(file: Path) -> list[Record]:
    """The events of a file of lines, each once and the oldest first, as a service replays them.

    Raises `HarnessError` for a line that is no event.
    """

    def refuse(number: int, error: LineError) -> None:
        raise HarnessError(f"{file}, line {number}: {error}") from None

    try:
        with file.open("rb") as opened:
            found = list(records_in(lines_of(opened), _with_body, bad=refuse))
    except OSError as error:
        raise HarnessError(f"{file} cannot be read: {error.strerror}") from None
    return sorted(found, key=lambda record: (record.received_at, record.id))


def consent_to(plugins: Plugins, include: Collection[str]) -> Consent:
    """What a replay that includes these handlers may do. Raises `HarnessError` for one that it
    cannot include.
    """
    included = (include,) if isinstance(include, str) else include
    try:
        return consent_of(plugins.handlers, included=included)
    except UnknownHandlerError as error:
        known = [bound.id for bound in plugins.handlers]
        raise HarnessError(
            f"include={error.handler!r}: the plugin has no such handler"
            f"{guess(error.handler, known)}"
        ) from None
    except ConsentError as error:
        raise HarnessError(str(error)) from None


def require_one_that_runs(records: Iterable[Record], plugins: Plugins, consent: Consent) -> None:
    """Raise `HarnessError` if nothing runs, and would if it were included."""
    wanted = {bound.id for record in records for bound in plugins.handlers_for(record)}
    if wanted & consent.left_out and not wanted & consent.granted:
        named = ", ".join(f'"{handler}"' for handler in sorted(wanted & consent.left_out))
        raise HarnessError(
            f"nothing is run: write include=[{named}] if that may be repeated, or declare it with"
            ' @plugin.on(…, replay="safe")'
        )


def _with_body(line: bytes) -> Record:
    record = event_in(line)
    if not record.body:
        raise LineError("its body is not kept any more, so no handler can read it")
    return record
