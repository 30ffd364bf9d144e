"""Bodies to try things out with: one sample of each trigger, stories of several, and how to change
them.
"""

from comethooks.samples.making import APP_ID, Kind, all_kinds, all_samples, sample, table
from comethooks.samples.paths import put, remove, value_of
from comethooks.samples.stories import STORIES, Story
from comethooks.samples.table import BOTS, CURRENT, LEGACY

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
