"""Bodies to try things out with, and how to change them."""

from webhooks.samples.bodies import APP_ID, CURRENT, LEGACY, sample
from webhooks.samples.paths import put, value_of

__all__ = ["APP_ID", "CURRENT", "LEGACY", "put", "sample", "value_of"]
