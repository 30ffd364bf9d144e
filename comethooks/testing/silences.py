"""Silences of apps in tests: what the scheduler tells when nothing comes of an app any more."""

from collections.abc import Callable, Sequence
from typing import Unpack

from comethooks.samples.making import APP_ID
from comethooks.testing.delivery import Delivery
from comethooks.testing.interactions import DeliverRecord, Options
from comethooks.workers.handlers.emit import emitted_key
from comethooks.workers.journal import StoredSilence
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record
from comethooks.workers.silence.silence_events import resumed_record, silent_record

ADVICE = ("messages that were sent meanwhile are fetched by: comethooks backfill …",)


class Silences:
    """`app.silent` and `app.resumed`. `options` are those of `harness.deliver`: `config`,
    `dry_run`, `retries` and `allow_unhandled`.
    """

    def __init__(self, deliver: DeliverRecord, clock: Callable[[], int]) -> None:
        """`clock` tells the time, in milliseconds."""
        self._deliver = deliver
        self._clock = clock

    def begin(
        self,
        plugin: Plugin,
        app: str = APP_ID,
        *,
        seconds: int = 600,
        expected: int | None = 21,
        advice: Sequence[str] = ADVICE,
        **options: Unpack[Options],
    ) -> Delivery:
        """Deliver the `app.silent` of an app: nothing has come for so many seconds, while so many
        events were to be `expected`.
        """
        __tracebackhide__ = True
        now = self._clock()
        silence = StoredSilence(
            app_id=app, last_event_at=now - 1000 * seconds, found_at=now, expected=expected
        )
        return self._tell(plugin, silent_record(silence, advice, now=now), options)

    def end(
        self,
        plugin: Plugin,
        app: str = APP_ID,
        *,
        seconds: int = 600,
        expected: int | None = 21,
        advice: Sequence[str] = ADVICE,
        **options: Unpack[Options],
    ) -> Delivery:
        """Deliver the `app.resumed` of an app that was silent for so many seconds."""
        __tracebackhide__ = True
        now = self._clock()
        silence = StoredSilence(
            app_id=app,
            last_event_at=now - 1000 * seconds,
            found_at=now,
            resumed_at=now,
            resumed_expected=expected,
        )
        return self._tell(plugin, resumed_record(silence, advice, now=now), options)

    def _tell(self, plugin: Plugin, record: Record, options: Options) -> Delivery:
        __tracebackhide__ = True
        return self._deliver(plugin, record, emitted_key(record), **options)
