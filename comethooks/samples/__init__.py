"""Bodies to try things out with: a sample of each trigger, stories, and how to change them."""

from comethooks.samples.making import APP_ID, SampleKind, all_kinds, all_samples, sample, table
from comethooks.samples.paths import check_path, put, remove, value_of
from comethooks.samples.stories import STORIES, Story

__all__ = [
    "APP_ID",
    "STORIES",
    "SampleKind",
    "Story",
    "all_kinds",
    "all_samples",
    "check_path",
    "put",
    "remove",
    "sample",
    "table",
    "value_of",
]
