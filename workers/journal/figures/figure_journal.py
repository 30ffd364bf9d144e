"""The face of the figures of a journal."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal.figures import (
    figure_marks,
    figure_reading,
    figure_retention,
    figures_of_apps,
    folding,
    rebuilding,
)
from comethooks.workers.journal.figures.adding_up import KeptBuckets
from comethooks.workers.journal.figures.figure_reading import Figure
from comethooks.workers.journal.figures.figures_of_apps import AppBucket
from comethooks.workers.journal.figures.rebuilding import NEVER, RebuildPlan, RebuildStep
from comethooks.workers.journal.tables.transactions import reading, writing


class FigureJournal:
    """What the events of one journal counted for. Methods raise what those of `Journal` raise."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(
        self,
        metric: str,
        *,
        size: Size,
        since: int,
        until: int,
        app: str | None = None,
        by: Collection[str] = (),
    ) -> Sequence[Figure]:
        """The figures of a metric in the buckets of that size that begin at `since` or later and
        before `until` (ms), oldest first; what is 0 is left out.

        Of one app, or of all: added up, or with `app` in `by` told apart. Labels that are not in
        `by` are added up. Of what was measured every quantile is given. What was written a moment
        ago is there after `fold`. Raises `KeyError` for a metric that there is none of.
        """
        known = METRICS[metric]
        with reading(self.engine) as connection:
            return list(
                figure_reading.read(
                    connection, known, size=size, since=since, until=until, app=app, by=by
                )
            )

    def sums(
        self, metric: str, *, size: Size, since: int, until: int, without: Collection[str]
    ) -> Mapping[AppBucket, int]:
        """The figures of a metric by app and bucket, in those that begin at `since` or later and
        before `until` (ms). Of a metric with one label, `without` these values of it.
        """
        with reading(self.engine) as connection:
            return figures_of_apps.sums(
                connection, metric, size=size, since=since, until=until, without=without
            )

    def first(
        self, metric: str, *, size: Size, since: int, without: Collection[str] = ()
    ) -> Mapping[str, int]:
        """When the first bucket begins, at `since` or later (ms), that has a figure of the metric,
        by app. Of a metric with one label, `without` these values of it.
        """
        with reading(self.engine) as connection:
            return figures_of_apps.first(
                connection, metric, size=size, since=since, without=without
            )

    def fold(self, kept: KeptBuckets, limit: int = folding.AT_ONCE) -> int:
        """Add up what new events left, of up to `limit` transactions; returns how many there were.

        Repeated until it returns 0, all that was written before counts.
        """
        # Looked first, since nearly always there is nothing, and a writer has to wait.
        if not self.is_anything_left():
            return 0
        with writing(self.engine) as connection:
            return folding.fold(connection, kept, limit)

    def is_anything_left(self) -> bool:
        """Whether something that was written is still to be added up."""
        with reading(self.engine) as connection:
            return folding.is_anything_left(connection)

    def plan_rebuild(
        self, *, since: int = 0, until: int = NEVER, bodies_since: int = 0
    ) -> RebuildPlan:
        """What a rebuild of the buckets from `since` to `until` (ms) can replace, where bodies are
        kept that were received at `bodies_since` or later: by the settings, and by what was
        deleted.
        """
        with reading(self.engine) as connection:
            known = figure_marks.deleted_before(connection)
        return RebuildPlan(since, until, max(known, bodies_since))

    def left_alone(self, plan: RebuildPlan, kept: KeptBuckets) -> Mapping[Size, tuple[int, ...]]:
        """The buckets, by their start (ms), that lie in what was asked for, or partly, and that a
        rebuild does not replace.
        """
        with reading(self.engine) as connection:
            return rebuilding.left_alone(connection, plan, kept)

    def begin_rebuild(self, plan: RebuildPlan) -> bool:
        """Begin a rebuild, or go on with the same one that was left off: returns whether it was.

        The figures stay as they are until it is done. One with another plan is forgotten.
        """
        with self._changing() as connection:
            return rebuilding.begin(connection, plan)

    def rebuild_under_way(self) -> RebuildPlan | None:
        """What the rebuild that was begun replaces; None when none was, or it is done."""
        with reading(self.engine) as connection:
            return rebuilding.plan_of(connection)

    def rebuild_step(self, kept: KeptBuckets, limit: int = 2000) -> RebuildStep:
        """Go on with the rebuild that was begun, by up to `limit` events. To be repeated until it
        is done; events may come in meanwhile.
        """
        with self._changing() as connection:
            return rebuilding.step(connection, kept, limit)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with writing(self.engine) as connection:
            folding.lock(connection)
            yield connection

    def forget_older(self, kept: KeptBuckets, now: int) -> int:
        """Delete buckets that are not to be kept, and receipts that have waited for their message
        for too long at `now` (ms); returns how many rows that were.
        """
        count = 0
        for statement in figure_retention.statements(kept):
            with writing(self.engine) as connection:
                count += connection.execute(statement).rowcount
        with self._changing() as connection:
            return count + figure_retention.give_up_waiting(connection, now)
