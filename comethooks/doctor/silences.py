"""Apps that nothing is heard of."""

from collections.abc import Iterator
from datetime import timedelta

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.journal import Journal, StoredSilence, iso
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.silence.advice import advice
from comethooks.workers.texts import number_of, plain

_CHECK = "silence"
_SETTING = NAMES["silence_after"]


def check_silences(settings: Settings, journal: Journal, now: int) -> Iterator[Finding]:
    """Which apps are silent at `now` (ms), and what may be wrong. Raises the journal's errors."""
    after = settings.silence_after
    if after == "off":
        yield Finding(_CHECK, Level.OK, f"nobody looks for silent apps: {_SETTING}=off")
        return
    if after == "auto" and not settings.counts_figures:
        yield Finding(
            _CHECK,
            Level.WARNING,
            "without the plugin analytics nothing is known of other weeks, so no app is silent",
            f"set {_SETTING} to a duration, or to off",
        )
    # What has been silent for longer than anything is kept is no news any more.
    oldest = now - settings.retention_days * DAY_MS
    silent = [each for each in journal.silences.lasting() if each.last_event_at >= oldest]
    missed = [each for each in silent if _is_let_in(each.app_id, settings)]
    for each in missed:
        lines = advice(each, settings, journal)
        yield Finding(_CHECK, Level.WARNING, plain(_detail(each, now)), plain("; ".join(lines)))
    if not missed:
        number = number_of(len(journal.silences.heard()), "app that was", "apps that were")
        yield Finding(_CHECK, Level.OK, f"of {number} heard, none is silent")


def _is_let_in(app: str, settings: Settings) -> bool:
    return not settings.app_ids or app in settings.app_ids


def _detail(silence: StoredSilence, now: int) -> str:
    lasts = timedelta(seconds=(now - silence.last_event_at) // 1000)
    expected = (
        ""
        if silence.expected is None
        else f", where {number_of(silence.expected, 'event was', 'events were')} to be expected"
    )
    since = iso(silence.last_event_at)
    return f"nothing has come of the app {silence.app_id} since {since}, for {lasts}{expected}"
