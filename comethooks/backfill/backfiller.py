"""A backfill: page by page what CometChat has, into the journal what is missing there.

Whatever a kill interrupts is done again, and changes nothing: an event is told by its message, so
that it has the same id each time, and what is in the journal is recognised.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from comethooks.backfill.known_events import KnownEvents
from comethooks.backfill.patient_pages import PatientPages
from comethooks.backfill.progress_file import BackfillProgress, ProgressFile, Tally
from comethooks.backfill.told_bodies import LeftOutError, ToldEvent, UnusableError, told_of
from comethooks.files.imported import LineError, event_of
from comethooks.files.importer import Importer
from comethooks.schemas.event.kept import BACKFILLED
from comethooks.schemas.triggers.identity import digest
from comethooks.schemas.wire.rules import to_id
from comethooks.workers.cometchat.message_pages import key_of
from comethooks.workers.ids import derived_id
from comethooks.workers.record import Record
from comethooks.workers.settings.apps import App
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps

Named = tuple[Record, str | None]
"""An event, and the id of the message that it is about."""


@dataclass(slots=True)
class _Page:
    """What a page has: events in the order of the list, and what is none."""

    records: list[Named] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unusable: int = 0
    others: int = 0


@dataclass(slots=True)
class Backfiller:
    """Brings what is missing of an app. `clock` tells the time in milliseconds; `show` is told of
    each row that cannot be used.

    Without a `file` nothing is kept: what is missing is counted, and nothing is written.
    """

    app: App
    settings: Settings
    pages: PatientPages
    known: KnownEvents
    importer: Importer
    progress: BackfillProgress
    file: ProgressFile | None
    clock: Callable[[], int]
    show: Callable[[str], object]

    @property
    def tally(self) -> Tally:
        """What came of it so far."""
        return self.progress.tally

    def go_on(self) -> int | None:
        """Bring what the next page has; how many messages that were, None when there are no more.

        Raises `CometChatError`, the journal's errors, and `OSError`.
        """
        listing = self.pages.pages
        if listing.ended:
            if self.file is not None:
                self.file.forget()
            return None
        before = listing.border
        messages = self.pages.next()
        page = self._read(messages)
        brought, there = self._parted(page.records)
        if self.file is not None:
            # Before anything is written: see `ProgressFile`.
            pending = frozenset(record.id for record in brought)
            self.file.write(self._at(border=before, pending=pending))
            for record in brought:
                self.importer.add(record)
            self.importer.flush()
        self.progress = self._at(
            border=listing.border,
            pending=frozenset(),
            overfull=listing.overfull,
            tally=self._counted(page, len(messages), brought, there),
        )
        # Kept with the next page: until then this one would be asked for once more.
        return len(messages)

    def _at(self, **changes: Any) -> BackfillProgress:
        return replace(self.progress, at=self.clock(), **changes)

    def _read(self, messages: Sequence[Mapping[str, Any]]) -> _Page:
        page = _Page()
        for message in messages:
            try:
                told = told_of(message)
                records = [(self._record(each, message), each.message_id) for each in told]
            except UnusableError as error:
                page.unusable += 1
                self.show(str(error))
            except LeftOutError as error:
                page.left_out[str(error)] += 1
            except LineError as error:
                page.unusable += 1
                self.show(f"the message {key_of(message)}: {error}")
            else:
                wanted = [named for named in records if self._is_wanted(named[0])]
                page.others += not wanted
                page.records += wanted
        return page

    def _record(self, told: ToldEvent, message: Mapping[str, Any]) -> Record:
        """The event that webhooks would have told. Raises `LineError`."""
        body = dumps(told.body(self.app.id, self.app.region), scrubs=True)
        now = self.clock()
        settings = self.settings
        record = event_of(
            body, now, drop_secrets=settings.drop_secrets, lenient=settings.lenient_triggers
        )
        edited_at = record.occurred_at if record.name == "message.edited" else None
        about = told.message_id or to_id(message.get("id"))
        return replace(
            record,
            id=derived_id(digest((BACKFILLED, self.app.id, about, record.name, edited_at))),
            received_at=min(record.received_at, now),
            headers={**record.headers, BACKFILLED: "true"},
        )

    def _is_wanted(self, record: Record) -> bool:
        wanted = self.progress.wanted
        return wanted.conversation_id in (None, record.conversation_id) and wanted.sender in (
            None,
            record.sender,
        )

    def _parted(self, records: Sequence[Named]) -> tuple[list[Record], int]:
        """Those that are missing or that this backfill has brought itself, each once, and how many
        are there.
        """
        pending = self.progress.pending
        known = self.known.among(records)
        brought: dict[str, Record] = {}
        for record, _ in records:
            if record.id not in known or known[record.id] == record.id in pending:
                brought.setdefault(record.id, record)
        return [*brought.values()], len(records) - len(brought)

    def _counted(self, page: _Page, fetched: int, brought: Sequence[Record], there: int) -> Tally:
        tally = self.progress.tally
        times = [record.received_at for record in brought]
        first = [*times, *([] if tally.first_at is None else [tally.first_at])]
        last = [*times, *([] if tally.last_at is None else [tally.last_at])]
        return Tally(
            fetched=tally.fetched + fetched,
            others=tally.others + page.others,
            came=tally.came + len(brought),
            there=tally.there + there,
            left_out=dict(Counter(tally.left_out) + page.left_out),
            unusable=tally.unusable + page.unusable,
            first_at=min(first, default=None),
            last_at=max(last, default=None),
        )
