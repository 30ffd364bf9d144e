"""What came of each app in the hours of other weeks, read from the figures as far as it is asked
for.
"""

from collections import defaultdict
from collections.abc import Callable

from comethooks.schemas import TRIGGERS
from comethooks.workers.analytics.metrics import EVENTS
from comethooks.workers.analytics.sizes import DAY_MS, Size, start_of
from comethooks.workers.journal import FigureJournal
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.expecting import WEEK_MS, History, expected

LONGEST_WEEKS = 12
"""A silence that is longer says nothing any more: figures of hours are not kept for ever."""
_APP, _TRIGGER = "app", "trigger"


class Usual:
    """Figures of other weeks. What was read is kept until the day is over: with many apps reading
    it takes a while, and a day of another week serves all hours of this one.

    Days whose hours are not kept any more are not known. Triggers that are only counted are not
    heard of, so what came of them before they were says nothing.
    """

    def __init__(self, figures: FigureJournal, settings: Settings) -> None:
        self._figures = figures
        self._kept_days = settings.figure_hour_days
        self._counts: Callable[[str], bool] = lambda trigger: (
            trigger not in settings.count_only and _is_of_cometchat(trigger)
        )
        self._today = 0
        self._days: dict[int, dict[tuple[str, int], int]] = {}
        self._first: dict[str, int] = {}

    def expected(self, app: str, since: int, until: int) -> float | None:
        """How many events of an app were to be expected in that time (ms); None when nothing is
        known of other weeks, or of so long a time. Raises the journal's errors.
        """
        if until - since > LONGEST_WEEKS * WEEK_MS:
            return None
        self._of_today(start_of(Size.DAY, until))
        first = self._first.get(app)
        history = None if first is None else History(first, lambda hour: self._count(app, hour))
        return expected(history, since, until)

    def _of_today(self, today: int) -> None:
        if today == self._today:
            return
        self._days = {}
        kept = today - (self._kept_days - 1) * DAY_MS
        since = max(kept, today - 2 * LONGEST_WEEKS * WEEK_MS)
        found = self._figures.read(
            EVENTS.name, size=Size.DAY, since=since, until=today + DAY_MS, by=(_APP, _TRIGGER)
        )
        self._first = {}
        for figure in found:  # oldest first
            if self._counts(figure.labels[_TRIGGER]):
                self._first.setdefault(figure.app_id or "", figure.bucket_ms)
        self._today = today

    def _count(self, app: str, hour: int) -> int:
        day = start_of(Size.DAY, hour)
        if day not in self._days:
            self._days[day] = self._read(day)
        return self._days[day].get((app, hour), 0)

    def _read(self, day: int) -> dict[tuple[str, int], int]:
        counts: defaultdict[tuple[str, int], int] = defaultdict(int)
        found = self._figures.read(
            EVENTS.name, size=Size.HOUR, since=day, until=day + DAY_MS, by=(_APP, _TRIGGER)
        )
        for figure in found:
            if self._counts(figure.labels[_TRIGGER]):
                counts[figure.app_id or "", figure.bucket_ms] += int(figure.value)
        return dict(counts)


def _is_of_cometchat(trigger: str) -> bool:
    """Whether CometChat sends such events: what is not in the table, it may."""
    known = TRIGGERS.get(trigger)
    return known is None or known.is_of_cometchat
