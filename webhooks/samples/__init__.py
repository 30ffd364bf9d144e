"""Bodies to try things out with: one sample of each trigger, stories of several, and how to change them."""

from webhooks.samples.making import APP_ID, Kind, all_kinds, all_samples, sample, table
from webhooks.samples.paths import put, remove, value_of
from webhooks.samples.stories import STORIES, Story
from webhooks.samples.table import BOTS, CURRENT, LEGACY

__all__ = [
    "APP_ID",
    "BOTS",
    "CURRENT",
    "LEGACY",
    "STORIES",
    "Kind",
    "Story",
    "all_kinds",
    "all_samples",
    "put",
    "remove",
    "sample",
    "table",
    "value_of",
]
