"""Watching for apps that fall silent, and telling of it once.

The order of steps, and what a crash of the leader between any two of them leaves:

1. A row says that an app is silent since its last event. Crash before: the next leader finds the
   same. After: it finds the row, and tells. Of two who find it, the first writes.
2. The event is accepted. Crash before, or Redis that takes nothing: it is told at the next look.
   After: it is told again under the same id, which is recognised.
3. The row says that it was told. From here on nobody tells it again.

The end of a silence takes the same three steps, after those of its beginning.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import structlog
from redis import Redis

from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.handlers.emit import emitted_key
from comethooks.workers.journal import Filter, Journal, StoredSilence, came_from_cometchat
from comethooks.workers.record import Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.advice import advice
from comethooks.workers.silence.expecting import ENOUGH
from comethooks.workers.silence.silence_events import resumed_record, silent_record
from comethooks.workers.silence.usual import Usual
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.heard import last_heard, remember

NOTED_MS = 60_000
"""By how much the journal may be behind Redis with when an app was heard."""

log = structlog.get_logger()


class SilenceWatch:
    """Looks after the apps of a deployment. `look` raises the journal's errors and redis-py's."""

    def __init__(
        self,
        settings: Settings,
        client: Redis,
        journal: Journal,
        open_streams: Callable[[Settings], Streams] = Streams.open,
    ) -> None:
        self._settings = settings
        self._client = client
        self._journal = journal
        self._silences = journal.silences
        self._usual = Usual(journal.figures, settings)
        self._streams = open_streams(settings)
        self._newer: dict[str, int] = {}
        """Events that the journal has and Redis was not told of, by an older web process."""

    def look(self, now: int) -> None:
        """See which apps are silent and which are heard again at `now` (ms), and tell of it."""
        heard = self._heard()
        if self._settings.silence_after != "off":
            unsettled = self._silences.unsettled()
            if self._judge(heard, {each.app_id: each for each in unsettled if each.lasts}, now):
                unsettled = self._silences.unsettled()
            self._tell(unsettled, now)

    def _heard(self) -> Mapping[str, int]:
        """When each app was heard last. What Redis or the journal did not know, it knows then."""
        known, heard = self._silences.heard(), last_heard(self._client)
        lost = known.keys() - heard.keys()
        if lost:
            remember(self._client, [(app, known[app]) for app in sorted(lost)])
        if any(at >= known.get(app, 0) + NOTED_MS for app, at in heard.items()):
            self._silences.note_heard(heard)
        everywhere = {**known, **heard}
        return {app: max(at, self._newer.get(app, 0)) for app, at in everywhere.items()}

    def _judge(
        self, heard: Mapping[str, int], lasting: Mapping[str, StoredSilence], now: int
    ) -> bool:
        """Note silences that begin and that are over; whether there were any."""
        changed = False
        for app, at in sorted(heard.items()):
            if self._settings.app_ids and app not in self._settings.app_ids:
                continue
            silence = lasting.get(app)
            if silence is None:
                changed = self._begin_if_silent(app, at, now) or changed
            elif at > silence.last_event_at:
                expected = _whole(self._usual.expected(app, silence.last_event_at, at))
                self._silences.end(silence, resumed_at=at, expected=expected)
                changed = True
        return changed

    def _begin_if_silent(self, app: str, at: int, now: int) -> bool:
        expected = self._usual.expected(app, at, now)
        if not is_silent(self._settings.silence_after, expected, (now - at) / 1000):
            return False
        if expected is not None and self._settings.silence_after == "auto":
            # Less may come than in other weeks, as on holidays.
            before = self._silences.count_found(app, since=now - DAY_MS)
            if expected < ENOUGH * 2**before:
                return False
        newer = self._newest_after(app, at)
        if newer is not None:
            self._newer[app] = newer
            return False
        found = StoredSilence(app_id=app, last_event_at=at, found_at=now, expected=_whole(expected))
        self._silences.begin(found)
        log.warning("an app is silent", app=app, seconds=(now - at) // 1000)
        return True

    def _newest_after(self, app: str, at: int) -> int | None:
        asked = Filter(app_id=app, since=at + 1)
        events = self._journal.events(asked)
        return next((each.received_at for each in events if came_from_cometchat(each)), None)

    def _tell(self, silences: list[StoredSilence], now: int) -> None:
        try:
            for each in silences:
                if not each.told:
                    lines = list(advice(each, self._settings, self._journal))
                    self._emit(silent_record(each, lines, now=now))
                    self._silences.told(each)
                if not (each.lasts or each.resumed_told):
                    lines = list(advice(each, self._settings, self._journal))
                    self._emit(resumed_record(each, lines, now=now))
                    self._silences.told_resumed(each)
        except NotKeptError as error:
            log.warning("a silence is not told yet", reason=str(error))

    def _emit(self, record: Record) -> None:
        # The journal knows it for longer than Redis, if the leader died long ago.
        if not self._journal.known_ids([record.id]):
            self._streams.accept(record, duplicate_key=emitted_key(record), has_time=True)


def is_silent(
    after: float | Literal["auto", "off"], expected: float | None, seconds: float
) -> bool:
    """Whether an app is silent of which nothing has come for so many seconds, while so many events
    were to be `expected`.
    """
    if isinstance(after, str):
        return after == "auto" and expected is not None and expected >= ENOUGH
    return seconds >= after


def _whole(expected: float | None) -> int | None:
    return None if expected is None else round(expected)
