"""What came of each app in the hours of other weeks, read from the figures as far as it is asked
for.
"""

from collections.abc import Mapping

from comethooks.schemas import TRIGGERS
from comethooks.workers.analytics.metrics import EVENTS
from comethooks.workers.analytics.sizes import DAY_MS, Size, start_of
from comethooks.workers.journal import FigureJournal
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.expecting import WEEK_MS, History, expected

LONGEST_WEEKS = 12
"""A silence that is longer says nothing any more: figures of hours are not kept for ever."""
_NOT_COMETCHATS = frozenset(name for name, each in TRIGGERS.items() if not each.is_of_cometchat)
"""CometChat sends no such events. What is not in the table, it may send."""


class Usual:
    """Figures of other weeks. What was read is kept until the day is over: with many apps reading
    it takes a while, and a day of another week serves all hours of this one.

    Days whose hours are not kept any more are not known. Triggers that are only counted are not
    heard of, so what came of them before they were says nothing.
    """

    def __init__(self, figures: FigureJournal, settings: Settings) -> None:
        self._figures = figures
        self._kept_days = settings.figure_hour_days
        self._without = _NOT_COMETCHATS | settings.count_only
        self._today = 0
        self._days: dict[int, Mapping[tuple[str, int], int]] = {}
        self._known: dict[str, History] = {}

    def expected(self, app: str, since: int, until: int) -> float | None:
        """How many events of an app were to be expected in that time (ms); None when nothing is
        known of other weeks, or of so long a time. Raises the journal's errors.
        """
        if until - since > LONGEST_WEEKS * WEEK_MS:
            return None
        self._of_today(start_of(Size.DAY, until))
        return expected(self._known.get(app), since, until)

    def _of_today(self, today: int) -> None:
        if today == self._today:
            return
        kept = today - (self._kept_days - 1) * DAY_MS
        since = max(kept, today - 2 * LONGEST_WEEKS * WEEK_MS)
        found = self._figures.first(EVENTS.name, size=Size.DAY, since=since, without=self._without)
        self._days = {}
        self._known = {app: self._history(app, first) for app, first in found.items()}
        self._today = today

    def _history(self, app: str, first: int) -> History:
        return History(first, lambda hour: self._count(app, hour))

    def _count(self, app: str, hour: int) -> int:
        day = start_of(Size.DAY, hour)
        if day not in self._days:
            self._days[day] = self._figures.sums(
                EVENTS.name, size=Size.HOUR, since=day, until=day + DAY_MS, without=self._without
            )
        return self._days[day].get((app, hour), 0)
