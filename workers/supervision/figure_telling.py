"""Telling Redis figures of the last whole minute: the metrics are served without SQL."""

from collections import defaultdict
from collections.abc import Iterator

from redis import Redis

from comethooks.workers.analytics.metrics import METRICS, QUANTILE, Metric
from comethooks.workers.analytics.sizes import MINUTE_MS, Size, start_of
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import APP, Journal
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.overview import ToldFigure
from comethooks.workers.texts import dumps

MOST_APPS = 20
"""Apps that are told apart: whose id a body names may be a stranger's to say."""
OTHER_APPS = "other"
"""All that came after those."""
NO_APP = "none"
"""What belongs to no app."""
_TTL_SECONDS = 60


class FigureTelling:
    """Tells the figures that the settings name, of each app that they name or that was seen."""

    def __init__(self, settings: Settings, client: Redis, journal: Journal) -> None:
        self._client = client
        self._journal = journal
        self._metrics = [
            METRICS[name] for name in settings.figure_export if settings.counts_figures
        ]
        self._apps = dict.fromkeys(sorted(settings.app_ids)[:MOST_APPS])

    def tell(self) -> None:
        """Have web processes pass on the figures of this moment, for a minute at most. Raises the
        journal's errors and redis-py's.
        """
        if self._metrics:
            self._client.set(keys.FIGURES, dumps(self.at(now_ms())), ex=_TTL_SECONDS)

    def at(self, now: int) -> list[ToldFigure]:
        """The figures of the minute that ended last before `now` (ms). What is added up is 0 for an
        app of which nothing came. Raises the journal's errors.
        """
        return [figure for metric in self._metrics for figure in self._of(metric, now)]

    def _of(self, metric: Metric, now: int) -> Iterator[ToldFigure]:
        end = start_of(Size.MINUTE, now)
        found = self._journal.figures.read(
            metric.name, size=Size.MINUTE, since=end - MINUTE_MS, until=end, by=(APP,)
        )
        values: defaultdict[tuple[str, str], float] = defaultdict(float)
        for figure in found:
            label = self._label(figure.app_id or NO_APP)
            quantile = figure.labels.get(QUANTILE, "")
            if not quantile:
                values[label, ""] += figure.value
            elif label != OTHER_APPS:  # quantiles of several apps make none of all of them
                values[label, quantile] = figure.value
        if not metric.is_distribution:
            for app in self._apps:
                values.setdefault((app, ""), 0)
        for (app, quantile), value in values.items():
            yield ToldFigure(metric.name, app, quantile, value)

    def _label(self, app: str) -> str:
        if app not in self._apps:
            if len(self._apps) >= MOST_APPS:
                return OTHER_APPS
            self._apps[app] = None
        return app
